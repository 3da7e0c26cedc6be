"""Text files in pieces: unpacked, decoded, and cut only where one record ends and the next begins.

A file of any size is read with the memory of one piece.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from health_pipeline.adapters.sources.raw import Place

PIECE = 32 * 2**20
"""Bytes of a piece: 100,000 to 300,000 rows of usual exports."""

WHOLE = 2**62
"""A size that no file has: it comes in one piece."""

PATIENCE = 4
"""A record that is longer than so many pieces is no record but a stray quote."""


HEAD = 2**16
"""Bytes in which the first line ends, which tells how all of them end."""

_OTHER_KINDS = {
    b"\x1f\x8b": "it is packed by gzip; let its name end in .gz",
    b"PAR1": "it is a Parquet file; let its name end in .parquet",
    b"PK\x03\x04": "it is a zip file, or a workbook of Excel; unpack it, or save it as CSV",
}
"""What is no text, by the bytes that it begins with, and what to do about it."""

_CUT = "; hand in the whole file if it was cut short: it ends within a character"

_QUOTED, _LINE_END = re.compile(r'"[^"]*"'), re.compile(r"\r+\n|\n|\r(?=[^\r\n])")


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a text file as UTF-8, and the number of the first one, from 1."""

    data: bytes
    first_line: int


def pieces(path: Path, place: Place, encoding: str, *, quotes: bool, size: int) -> Iterator[Piece]:
    """The file at `path` in pieces of about `size` bytes; at least one, be it empty.

    Args:
        path: a text file, packed by gzip if its name says so.
        place: names it in errors.
        encoding: as Python calls it; a byte order mark is left out.
        quotes: a line break between double quotes does not end a record (CSV), and lines may end
            with a carriage return alone; then each of those becomes a line feed.
        size: bytes before decoding.

    Raises:
        SourceError: it cannot be read, unpacked or decoded. What came before is then void, too.
    """
    rest, line, given = b"", 1, False
    for data in _decoded(path, place, encoding, size, quotes=quotes):
        if rest and data:  # more is to come, so that what is whole may go
            cut = _cut(rest, quotes=quotes, patient=len(rest) < PATIENCE * size)
            piece, rest = Piece(rest[:cut], line), rest[cut:]
            line += piece.data.count(b"\n")
            if cut:
                given = True
                yield piece
        rest += data
    if rest or not given:
        yield Piece(rest, line)


def _cut(data: bytes, *, quotes: bool, patient: bool) -> int:
    """Where the last whole record of `data` ends, 0 for nowhere yet."""
    last = data.rfind(b"\n") + 1
    if not quotes:
        return last
    end, odd = last, data.count(b'"', 0, last) % 2
    while end and odd:  # back over the quote that opened the record that is not finished
        before = data.rfind(b"\n", 0, max(data.rfind(b'"', 0, end), 0)) + 1
        odd = (odd + data.count(b'"', before, end)) % 2
        end = before
    return end if end or patient else last


def _decoded(
    path: Path, place: Place, encoding: str, size: int, *, quotes: bool
) -> Iterator[bytes]:
    """UTF-8 without a byte order mark; lines end with a line feed."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise place.error(f"the encoding {encoding!r} of sources.yaml does not exist") from error
    start, done, lines, last = b"", 0, 0, False
    end, torn = b"\n", False
    for chunk in _unpacked(path, place, size):
        start, last = start or chunk[:4], not chunk
        if done == 0 and quotes and _ends_with_returns(chunk[:HEAD], encoding):
            end = b"\r"
        try:
            text = decoder.decode(chunk, final=last)
        except UnicodeDecodeError as error:
            held = len(error.object) - len(chunk)  # the first bytes of a character, left over
            offset = done - held + error.start
            line = lines + error.object.count(end, 0, error.start) + 1
            bad = error.object[error.start]
            why = _not_decoded(encoding, start, f"byte 0x{bad:02x} at offset {offset}, line {line}")
            raise place.error(f"{why}{_CUT if last else ''}") from error
        if done == 0:
            text = text.removeprefix("\ufeff")
        if end == b"\r":
            text, torn = _with_feeds(text, torn=torn)
        done, lines = done + len(chunk), lines + chunk.count(end)
        yield text.encode()


def _with_feeds(text: str, *, torn: bool) -> tuple[str, bool]:
    """`text` with line feeds for carriage returns, and whether its last one may be half an end.

    `torn` says that of the text before: a line feed at the beginning is then the other half.
    """
    rest = text.removeprefix("\n") if torn else text
    torn = text.endswith("\r") if text else torn
    return rest.replace("\r\n", "\n").replace("\r", "\n"), torn


def _ends_with_returns(head: bytes, encoding: str) -> bool:
    """Whether the first line ends with a carriage return alone, as old Excel for Mac writes it."""
    found = _LINE_END.search(_QUOTED.sub("", head.decode(encoding, "replace")))
    return found is not None and found.group() == "\r"


def _unpacked(path: Path, place: Place, size: int) -> Iterator[bytes]:
    """The bytes of the file in chunks; an empty one is the last."""
    try:
        with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
            chunk = b"first"
            while chunk:
                chunk = file.read(size if size < WHOLE else -1)
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise place.error(f"cannot be read: {error}") from error


def _not_decoded(encoding: str, start: bytes, where: str) -> str:
    kinds = (todo for begins, todo in _OTHER_KINDS.items() if start.startswith(begins))
    if todo := next(kinds, None):
        return f"is not {encoding} text: {todo}"
    other = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    return (
        f"is not {encoding}: {where}; "
        f"set `encoding: {other}` for it in sources.yaml if that is how it was written"
    )

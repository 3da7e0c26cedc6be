"""A file that is written whole or not at all, and hashed as it is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from threading import get_ident
from typing import BinaryIO

import polars as pl

IN_MEMORY = 8 * 2**20
"""Bytes of a draft that are kept in memory: most partitions never touch the disk when unchanged."""

ROW_GROUP = 262_144
"""Rows of a Parquet row group: small enough to skip, large enough to compress."""


class Hashed:
    """A file object that keeps nothing but how many bytes it was given, and their SHA-256."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 so far, as hex."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> int:
        """Take bytes in; as a file object does."""
        self._hash.update(chunk)
        self.size += len(chunk)
        return len(chunk)


class Draft(Hashed):
    """What is to become a file in `folder`; lies in memory until it is large, then beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._temporary = folder / f".{os.getpid()}-{get_ident()}-{id(self)}.tmp"
        self._chunks: list[bytes] = []
        self._file: BinaryIO | None = None

    def write(self, chunk: bytes) -> int:
        """Add bytes."""
        if self._file is None:
            self._chunks.append(bytes(chunk))
        else:
            self._file.write(chunk)
        taken = super().write(chunk)
        if self._file is None and self.size > IN_MEMORY:
            self._file = self._spilled()
        return taken

    def keep(self, path: Path, send: Callable[[Path], None] | None = None) -> None:
        """Make it the file `path` of its folder: synced, sent elsewhere where asked, renamed.

        The caller syncs the folder. A process killed anywhere leaves no part of `path`.
        """
        file = self._file = self._file or self._spilled()
        file.flush()
        os.fsync(file.fileno())
        file.close()
        if send is not None:
            send(self._temporary)
        self._temporary.replace(path)

    def drop(self) -> None:
        """Forget it, and what it left on disk but for the file that it became."""
        if self._file is not None:
            self._file.close()
            self._temporary.unlink(missing_ok=True)
        self._chunks.clear()

    def _spilled(self) -> BinaryIO:
        self._temporary.parent.mkdir(parents=True, exist_ok=True)
        file = self._temporary.open("wb")
        file.writelines(self._chunks)
        self._chunks.clear()
        return file


def write_parquet(frame: pl.DataFrame, to: Hashed) -> None:
    """Write `frame` as the lake's Parquet, piece by piece: never a second copy of all its bytes."""
    frame.write_parquet(
        to,  # type: ignore[arg-type] # polars asks only for write()
        compression="zstd",
        compression_level=1,  # a third quicker than the default, 2 % larger
        statistics=True,
        row_group_size=ROW_GROUP,
    )

"""How rows of thousands of accounts travel in a page: columns, as JSON, gzip and base64."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import to_json

ROWS_AT_ONCE = 10_000
"""Rows of the table in one piece; the first piece is shown while the others are unpacked."""

DETAIL_BYTES = 9_000_000
"""Most that the details of accounts may take of the page, as packed."""

LEVEL = 5
"""Of gzip: a tenth larger than the best, in a third of its time."""


def packed(columns: Mapping[str, Any]) -> str:
    """`columns` as base64 of gzipped JSON; the same values give the same text."""
    return b64encode(gzip.compress(to_json(columns, inf_nan_mode="null"), LEVEL, mtime=0)).decode()


def as_json(value: Any) -> str:
    """Compact JSON; what is not a number is null: not known."""
    return to_json(value, inf_nan_mode="null").decode()


def row_pieces(rows: Mapping[str, list[Any]]) -> Iterator[str]:
    """The columns of the table, `ROWS_AT_ONCE` rows a piece; at least one piece."""
    height = max((len(column) for column in rows.values()), default=0)
    for start in range(0, max(height, 1), ROWS_AT_ONCE):
        piece = {name: column[start : start + ROWS_AT_ONCE] for name, column in rows.items()}
        yield packed(piece)


def detail_pieces(details: Iterable[Mapping[str, list[Any]]]) -> tuple[list[str], int]:
    """The pieces that fit into `DETAIL_BYTES`, and how many accounts they hold."""
    pieces: list[str] = []
    accounts, size = 0, 0
    for columns in details:
        piece = packed(columns)
        size += len(piece)
        if size > DETAIL_BYTES:
            break
        pieces.append(piece)
        accounts += max(len(column) for column in columns.values())
    return pieces, accounts

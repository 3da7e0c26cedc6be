"""`python -m health_pipeline_tests.bench.exports TODAY YESTERDAY END`: exports of a day earlier."""

from __future__ import annotations

import gzip
import sys
from datetime import date
from pathlib import Path

import polars as pl


def earlier(today: Path, yesterday: Path, end: date) -> None:
    """Copy `today` to `yesterday` without the usage of `end` and without any file's last row."""
    for path in sorted(today.rglob("*.*")):
        target = yesterday / path.relative_to(today)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == "events":
            events = pl.read_parquet(path)
            # Null: the broken row, which every export repeats.
            events.filter((pl.col("received_at").dt.date() < end).fill_null(True)).write_parquet(
                target
            )
        elif path.suffix == ".parquet":
            pl.read_parquet(path)[:-1].write_parquet(target)
        elif path.suffix == ".gz":
            text = gzip.decompress(path.read_bytes())
            target.write_bytes(gzip.compress(_shorter(text, path.name, end)))
        else:
            target.write_bytes(_shorter(path.read_bytes(), path.name, end))


def _shorter(text: bytes, name: str, end: date) -> bytes:
    lines = text.splitlines(keepends=True)
    lines = lines[:-1] or lines  # a header alone stays
    if name.startswith("usage_daily"):
        lines = [line for line in lines if end.isoformat().encode() not in line]
    return b"".join(lines)


if __name__ == "__main__":
    earlier(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))

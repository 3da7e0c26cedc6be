"""Columns of generated records: moments before the end of the data, and rows picked at random."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from health_pipeline_tests.bench.scale.people import Floats, Ints
from health_pipeline_tests.bench.scale.sizes import END

YEAR = 365
MIDNIGHT = datetime(END.year, END.month, END.day, tzinfo=UTC)
DAY_SECONDS = 86_400


def before(days: Floats | Ints) -> pl.Series:
    """Moments so many days before the end of END, with a time of day."""
    seconds = DAY_SECONDS - 1 - np.asarray(days * DAY_SECONDS).astype(np.int64)
    start = int(MIDNIGHT.timestamp())
    return pl.Series((start + seconds) * 1_000_000).cast(pl.Datetime("us", "UTC"))


def day(days: Floats | Ints) -> pl.Series:
    """The dates of `before`."""
    return before(days).dt.date()


def sometimes(rng: np.random.Generator, values: pl.Series, share: float) -> pl.Series:
    """`values`, null for all but so large a share."""
    return values.set(pl.Series(rng.random(len(values)) >= share), None)


def some(
    rng: np.random.Generator, accounts: pl.Series, mean: float, key: str, prefix: str
) -> tuple[dict[str, pl.Series], Floats]:
    """Rows of accounts picked at random, `mean` for each, and how many days ago each was."""
    rows = round(len(accounts) * mean)
    ids = pl.Series(np.arange(rows)).cast(pl.String)
    picked = accounts.gather(rng.integers(0, len(accounts), rows))
    return {key: prefix + ids, "source_account_id": picked}, rng.random(rows) * YEAR

"""The law of time: as of day D counts what was known, and had happened, by the end of UTC day D."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.columns import TIMESTAMP, SourceTable
from health_pipeline.core.schemas.queries import read

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)

KNOWN_SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""`known_at` of a row of the first landing that carries no date of its own."""


NEVER = np.iinfo(np.int32).max
"""A day number that does not come."""

SINCE, UNTIL = "in_force_since", "in_force_until"
"""Day numbers beside a version: it is in force on the days SINCE ≤ D < UNTIL (`dated`)."""

_SHIFT = 2**33


def end_of(day: date) -> datetime:
    """The last microsecond of UTC `day`."""
    return datetime.combine(day, time.max, tzinfo=UTC)


def start_of(day: date) -> datetime:
    """The first moment of UTC `day`."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def end_in_run(own: pl.Expr, first: date, last: date) -> pl.Expr:
    """When a run over the days from `first` to `last` came to know what does not say so itself.

    At the end of its own day, as daily runs would have; where that is none of these, of `last`.

    Args:
        own: the first moment of the row, null without any.
        first: first day of the run.
        last: its last day.
    """
    within = own.dt.date().is_between(first, last)
    end = own.dt.truncate("1d") + timedelta(days=1, microseconds=-1)
    return pl.when(within).then(end).otherwise(pl.lit(end_of(last)).cast(TIMESTAMP))


def days_between(first: date, last: date) -> list[date]:
    """All days from `first` to `last`, both included; empty when `last` is before `first`."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_number(day: date) -> int:
    """Days since 1970-01-01, as polars counts them."""
    return day.toordinal() - KNOWN_SINCE_EVER.toordinal()


def _has_happened(name: str, dtype: pl.DataType, day: date) -> pl.Expr:
    limit = pl.lit(day) if dtype == pl.Date else pl.lit(end_of(day)).cast(dtype)
    return pl.col(name) <= limit


def as_of(table: SourceTable, versions: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rows of `table` in force at the end of `day` (contracts.md, on versions).

    Args:
        table: the contract of the rows.
        versions: landed rows, with `known_at` never null and `known_assumed` (True where known_at
            was inferred from the row's own first date); extra columns pass through.
        day: the day D.

    Returns:
        One row a key: the latest with `known_at` ≤ end of D; of equal known_at the last in order.
        Events that happened after D are null; undated outcomes of a single-version row whose
        known_at was assumed are null until its last dated event.
    """
    return Timeline.of(table, versions, through=day).on(day)


@dataclass(frozen=True, slots=True)
class Timeline:
    """From which day and until which each version of a table is in force.

    Worked out once, asked for each day.

    Attributes:
        table: the contract of the rows.
        rows: versions in order of `known_at`.
        since, until: day numbers; a version is in force on the days since ≤ D < until.
    """

    table: SourceTable
    rows: pl.DataFrame
    since: NDArray[np.int32]
    until: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        table: SourceTable,
        versions: pl.DataFrame,
        *,
        first: date | None = None,
        through: date | None = None,
    ) -> Timeline:
        """The `versions` (see `as_of`) that are in force between `first` and `through`."""
        in_order = versions["known_at"].is_sorted()
        rows = versions if in_order else versions.sort("known_at", maintain_order=True)
        own = (pl.col(name).cast(pl.Date) for name in table.own_first if name in rows.columns)
        begins = pl.max_horizontal(pl.col("known_at").cast(pl.Date), *own)
        since = rows.select(begins.to_physical()).to_series().to_numpy()
        if through is not None and len(since) and since.max() > day_number(through):
            kept = since <= day_number(through)
            rows, since = rows.filter(pl.Series(kept)), since[kept]
        until = _replaced(table, rows, since)
        if first is not None and len(until) and until.min() <= day_number(first):
            kept = until > day_number(first)
            rows, since, until = rows.filter(pl.Series(kept)), since[kept], until[kept]
        return cls(table, rows, since, until)

    def on(self, day: date) -> pl.DataFrame:
        """The rows in force at the end of `day`, as `as_of` gives them."""
        number = day_number(day)
        is_on = (self.since <= number) & (number < self.until)
        rows = self.rows if is_on.all() else self.rows.filter(pl.Series(is_on))
        return _hide_future(self.table, rows, day)


def dated(table: SourceTable, versions: pl.DataFrame) -> pl.DataFrame:
    """The `versions` (see `as_of`) in order of `known_at`, each with `SINCE` and `UNTIL`.

    So a day is read from them by `in_force`, row by row, without looking for versions again.
    """
    line = Timeline.of(table, versions)
    return line.rows.with_columns(pl.Series(SINCE, line.since), pl.Series(UNTIL, line.until))


def in_force_between(rows: pl.LazyFrame, first: date, last: date) -> pl.LazyFrame:
    """Of `dated` rows those that are in force on some day from `first` to `last`."""
    return rows.filter(pl.col(SINCE) <= day_number(last), pl.col(UNTIL) > day_number(first))


def in_force(table: SourceTable, rows: pl.LazyFrame, day: date) -> pl.LazyFrame:
    """What `as_of` gives on `day`, of `dated` rows, as a query: read is only what is asked for."""
    names = rows.collect_schema().names()
    shown = _standing(table, in_force_between(rows, day, day), names, day)
    happened = [c.name for c in table.columns if c.happened and c.name in names]
    return _hidden(table, shown, happened, day)


def first_shown(table: SourceTable, versions: pl.DataFrame) -> pl.DataFrame:
    """Those `versions` (with `account_id`) that may tell since when an account is seen.

    Of each account the row that was known first, and every row whose own first date is earlier
    than that row's: no other brings the first date forward. A fifth of what sorting all costs.
    """
    since_ever = pl.col("known_at") <= pl.lit(KNOWN_SINCE_EVER).cast(TIMESTAMP)
    known = pl.col("known_at").cast(pl.Date)
    dates = [pl.col(name).cast(pl.Date) for name in table.own_first if name in versions.columns]
    own = pl.min_horizontal(*dates, pl.when(~since_ever).then(known))
    since = pl.max_horizontal(known, own).to_physical().cast(pl.Int64)
    code = since * _SHIFT + own.to_physical().fill_null(NEVER)
    # One search by account instead of two: the least code is the first day, then the least date.
    codes = versions.select(code).to_series().to_numpy()
    account = _numbers(versions["account_id"])
    least_of = np.full(account.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least_of, account, codes)
    least = least_of[account]
    day, (least_day, least_own) = _split(codes), _split(least)
    kept = (day[0] == least_day) | (day[1] < least_own)
    return versions.filter(pl.Series(kept))


def _numbers(accounts: pl.Series) -> NDArray[np.intp]:
    """A number for each account; those that are numbers stay what they are."""
    named = accounts if accounts.dtype.is_integer() else accounts.cast(pl.Categorical).to_physical()
    return named.to_numpy().astype(np.intp)


def _split(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two day numbers from one."""
    high = (codes + _SHIFT // 2) // _SHIFT
    return high, codes - high * _SHIFT


def _replaced(
    table: SourceTable, rows: pl.DataFrame, since: NDArray[np.int32], seed: int = 0
) -> NDArray[np.int32]:
    """The first day on which a later version of the same key is in force, for each row."""
    until = np.full(rows.height, NEVER, dtype=np.int32)
    # By hash: far cheaper than by the key itself, and most tables have hardly any doubles.
    key = pl.struct(table.key)
    hashes = rows.select(key.hash(seed)).to_series().to_numpy()
    at = _doubles(hashes)
    if len(at):
        found = hashes[at]
        order = np.argsort(found, kind="stable")
        at, found = at[order], found[order]
        begins = found[1:] != found[:-1]
        other = rows.select(key.hash(seed + 1)).to_series().to_numpy()[at]
        if (other[1:] != other[:-1])[~begins].any():  # two keys share a hash
            return _replaced(table, rows, since, seed + 2)
        until[at] = _least_after(since[at].astype(np.int64), begins)
    return until


def _doubles(figures: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where the figures stand that stand more than once."""
    in_order = np.sort(figures)
    again = in_order[1:][in_order[1:] == in_order[:-1]]
    if not len(again):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(pl.Series(figures).is_in(pl.Series(again).unique().implode()).to_numpy())


def _least_after(since: NDArray[np.int64], begins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The least of the later figures of the same group; `begins`: a row but the first opens one."""
    later = np.append(since[1:], NEVER)
    later[:-1][begins] = NEVER
    # Each group lies below all groups that stand after it, so that no minimum leaves its group.
    below = np.append(0, np.cumsum(begins)) * 2**33
    least = np.minimum.accumulate((later + below)[::-1])[::-1]
    return np.asarray(least - below)


def _standing(table: SourceTable, rows: Rows, names: Collection[str], day: date) -> Rows:
    """`rows` (of columns `names`) without those that their source had deleted by the end of `day`.

    That others are deleted later is not known yet.
    """
    ends = [c for c in table.columns if c.ends and c.name in names]
    for column in ends:
        until = pl.col(column.name).cast(pl.Date)
        stands = (until > day).fill_null(value=True)
        rows = rows.filter(stands).with_columns(pl.lit(None, column.dtype).alias(column.name))
    return rows


def _hide_future(table: SourceTable, rows: pl.DataFrame, day: date) -> pl.DataFrame:
    rows = _standing(table, rows, rows.columns, day)
    happened = [c.name for c in table.columns if c.happened and c.name in rows.columns]
    latest = rows.select(pl.col(name).cast(pl.Date).max() for name in happened)
    ahead = [name for name in happened if (last := latest[name][0]) is not None and last > day]
    return _hidden(table, rows.lazy(), ahead, day).pipe(read) if ahead else rows


def _hidden(
    table: SourceTable, rows: pl.LazyFrame, happened: Sequence[str], day: date
) -> pl.LazyFrame:
    """`rows` without what happened after `day`; `happened`: those columns that may tell of it."""
    if not happened:
        return rows
    schema = rows.collect_schema()
    past = {name: _has_happened(name, schema[name], day) for name in happened}
    settled = pl.all_horizontal(pl.col(name).is_null() | ok for name, ok in past.items())
    outcomes = [c.name for c in table.columns if c.outcome and c.name in schema]
    return rows.with_columns(
        *(pl.when(ok).then(pl.col(name)).alias(name) for name, ok in past.items()),
        *(
            pl.when(settled | ~pl.col("known_assumed")).then(pl.col(name)).alias(name)
            for name in outcomes
        ),
    )

"""Landing: rows as read become versions that say since when they are known (contracts.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP, SourceTable
from health_pipeline.core.schemas.late_rows import without_past
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import KNOWN_SINCE_EVER, end_in_run, end_of

STAMPS = ("known_at", "known_assumed", "origin")
"""What landing says of a row, in place of what the row says of the world."""

OWN = "#own"

LINE = "line"
"""Where in its file a row of this landing stands; no part of what it says."""

CONFLICT = "conflicting_version"


class Days(NamedTuple):
    """The days of a run."""

    first: date
    last: date


def land(
    table: SourceTable,
    new: pl.DataFrame,
    previous: pl.DataFrame | None,
    as_of: date,
    since: date | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The versions of `table` after `new` has arrived in the run for the days up to `as_of`.

    Args:
        table: the contract; of `events`, which have no versions, see `event_landing`.
        new: typed contract columns (those of the key always), `origin` (the file) and, where there
            are any, `line` (in it); `known_at` where the source can tell.
        previous: what earlier landings gave, None in the first landing.
        as_of: the last day of the run, never today's.
        since: its first day; None = `as_of`.

    Returns:
        All versions, `previous` included, sorted by key and `known_at`; they carry `known_at`
        (never null), `known_assumed` and `origin`. And the quarantine rows.
    """
    run = Days(since or as_of, as_of)
    stamped = _stamped(table, new, run, first=previous is None)
    old = stamped.clear() if previous is None else previous
    if table.rolled_up and previous is not None:
        stamped = without_past(table, stamped, old, run.first)
    arrived = _against(table, stamped, old, as_of)
    arriving = arrived.filter(~pl.col("repeated"))
    kept = _without_plans(table, old, arrived, as_of)
    pool = pl.concat([kept, arriving], how="diagonal")
    landed = _last_of(pool, [*table.key, "known_at"])
    names = [name for name in table.names if name in landed.columns and name not in STAMPS]
    versions = landed.select(*names, *STAMPS).sort(
        *table.key, "known_at", nulls_last=True, maintain_order=True
    )
    return versions, _conflicts(table, kept, arrived, as_of)


def _stamped(table: SourceTable, new: pl.DataFrame, run: Days, *, first: bool) -> pl.DataFrame:
    """`new` with its stamps, and `inferred`: whether the source left `known_at` open."""
    given = pl.col("known_at") if "known_at" in new.columns else pl.lit(None, TIMESTAMP)
    timed = new.with_columns(
        given.alias("known_at"),
        given.is_null().alias("inferred"),
        _own_first(table, new).alias(OWN),
    )
    own, end = pl.col(OWN), end_in_run(pl.col(OWN), run.first, run.last)
    inferred = pl.coalesce(own, pl.lit(KNOWN_SINCE_EVER)) if first else pl.max_horizontal(end, own)
    assumed = pl.lit(first) | (own > pl.lit(end_of(run.last))).fill_null(value=False)
    return (
        timed.with_columns(
            pl.coalesce("known_at", inferred).cast(TIMESTAMP).alias("known_at"),
            (pl.col("inferred") & assumed).alias("known_assumed"),
        )
        # Of several untimed rows of a key the latest by its own date is the state.
        .sort(pl.when("inferred").then(own), maintain_order=True)
        .drop(OWN)
    )


def _own_first(table: SourceTable, rows: pl.DataFrame) -> pl.Expr:
    """The row's own first moment: a timestamp as it is, of a date its end; null without any."""
    moments = [
        pl.col(name).cast(TIMESTAMP) + timedelta(days=1, microseconds=-1)
        if rows.schema[name] == pl.Date
        else pl.col(name)
        for name in table.own_first
        if name in rows.columns
    ]
    return pl.min_horizontal(pl.lit(None, TIMESTAMP), *moments)


def _against(
    table: SourceTable, stamped: pl.DataFrame, old: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """`stamped` with what earlier landings say of it.

    Adds `seen` (identical to an earlier version) and `repeated`: untimed rows of which the last is
    the version in force, so that they say nothing new. A value that returns after another is new.
    """
    cells = [name for name in stamped.columns if name not in (*STAMPS, LINE, "inferred")]
    group = [*table.key, "known_at"]
    known = old.filter(pl.col("known_at") <= pl.lit(end_of(as_of)))
    again = known.filter(_doubles(known, table.key))
    in_force = pl.concat(
        [
            known.filter(~_doubles(known, table.key)),
            again.sort("known_at", maintain_order=True).unique(
                list(table.key), keep="last", maintain_order=True
            ),
        ]
    )
    marked = _marked(_marked(stamped, old, cells, "seen"), in_force, cells, "current")
    several = _doubles(marked, group)
    repeated = pl.col("inferred") & pl.col("current")
    if not several.any():
        return _without_returns(table, marked.with_columns(repeated=repeated), as_of)
    untimed = pl.col("inferred").all().over(group)
    of_several = untimed & pl.col("current").last().over(group)
    numbered = marked.with_row_index("#nth")
    parts = [
        numbered.filter(~several).with_columns(repeated=repeated),
        numbered.filter(several).with_columns(repeated=of_several),
    ]
    whole = pl.concat(parts).sort("#nth").drop("#nth")
    return _without_returns(table, whole, as_of)


def _without_returns(table: SourceTable, marked: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """`marked`, where a row of a date to come repeats nothing if another one stands until then.

    What is in force now is replaced by that other row, and returns on the date.
    """
    ahead = marked["repeated"] & (marked["known_at"] > end_of(as_of))
    if not ahead.any():
        return marked
    key = list(table.key)
    new = marked.filter("inferred", ~pl.col("repeated"))
    begins = new.group_by(key).agg(pl.col("known_at").min().alias("#new"))
    returns = (pl.col("known_at") > pl.col("#new")).fill_null(value=False)
    return (
        marked.join(begins, on=key, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(repeated=pl.col("repeated") & ~returns)
        .drop("#new")
    )


def _doubles(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Which rows share their values in `columns` with another row, and hardly any besides.

    By hash: far cheaper than to group, and most tables have hardly any.
    """
    return rows.select(pl.struct(columns).hash().is_duplicated().alias("doubles")).to_series()


def _last_of(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The last of the rows that agree in `columns`, in their order."""
    doubles = _doubles(rows, columns)
    if not doubles.any():
        return rows
    numbered = rows.with_row_index("#nth")
    last = numbered.filter(doubles).unique(list(columns), keep="last", maintain_order=True)
    return pl.concat([numbered.filter(~doubles), last]).sort("#nth").drop("#nth")


def _without_plans(
    table: SourceTable, old: pl.DataFrame, arrived: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """`old` without versions that were never in force, of keys that are now said anew.

    An untimed row of a date to come is known from that date on. If it still stands it arrives
    again; if it was corrected or withdrawn before its date, it must not overtake what is said now.
    """
    plan = pl.col("known_assumed") & (pl.col("known_at") > pl.lit(end_of(as_of)))
    anew = arrived.filter("inferred").select(table.key).unique()
    stale = old.filter(plan).join(anew, on=list(table.key), how="semi", nulls_equal=True)
    return old.join(stale, on=[*table.key, "known_at"], how="anti", nulls_equal=True)


def _marked(rows: pl.DataFrame, known: pl.DataFrame, cells: list[str], name: str) -> pl.DataFrame:
    absent = [
        pl.lit(None, rows.schema[cell]).alias(cell) for cell in cells if cell not in known.columns
    ]
    facts = known.with_columns(absent).select(*cells, pl.lit(True).alias(name)).unique()
    return rows.join(
        facts, on=cells, how="left", nulls_equal=True, maintain_order="left"
    ).with_columns(pl.col(name).fill_null(value=False))


def _conflicts(
    table: SourceTable, old: pl.DataFrame, arrived: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Rows that another row of the same key and time overrules, each with its place.

    A deletion disputes nothing. Of a row that landed earlier the place is the file alone: lines are
    not kept.
    """
    ends = [column.name for column in table.columns if column.ends]
    marks = (LINE, "inferred", "seen", "current", "repeated", *ends)
    cells = [name for name in arrived.columns if name not in (*STAMPS, *marks)]
    group = [*table.key, "known_at"]
    pool = pl.concat([old, arrived], how="diagonal").with_columns(
        pl.col("seen").fill_null(value=False)
    )
    pool = pool.filter(_doubles(pool, group))
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).last().over(group)) for name in cells
    )
    told = [name for name in ("origin", LINE) if name in pool.columns]
    place = pl.concat_str(told, separator=":", ignore_nulls=True)
    losers = pool.filter(differs & ~pl.col("seen")).with_columns(origin=place)
    facts = [name for name in cells if name not in table.key]
    value = pl.struct(facts).struct.json_encode() if facts else pl.lit(None, pl.String)
    return quarantined(table, losers, CONFLICT, value, as_of)


def quarantined(
    table: SourceTable, rows: pl.DataFrame, rule: str, value: pl.Expr, as_of: date
) -> pl.DataFrame:
    """`rows` of `table` as quarantine rows of `rule`, with the `value` that breaks it."""
    return rows.select(
        pl.lit(table.name).alias("table"),
        "source",
        pl.struct(table.key).struct.json_encode().alias("key"),
        pl.lit(rule).alias("rule"),
        value.alias("value"),
        "origin",
        pl.lit(end_of(as_of)).cast(TIMESTAMP).alias("at"),
    ).cast(RESULT_TABLES["quarantine"].columns)  # type: ignore[arg-type]

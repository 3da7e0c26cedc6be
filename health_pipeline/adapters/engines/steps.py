"""What both engines share: the steps of the roll-up, what goes in, and the shape of what comes out.

Nothing here runs SQL. An engine brings the landed rows into shape as `raw_events`
(`EVENT_COLUMNS`), registers `inputs`, defines the functions of `FUNCTIONS`, creates `VIEWS`, then
`TABLES` in order, reads `RESULTS`, and hands them to `rolled_up`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files as resources
from pathlib import Path
from string import Template

import polars as pl

from health_pipeline.core.activity.feature_map import event_map, feature_map
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS, UNRESOLVED_EVENTS

VIEWS = ("dated_events", "fresh_events", "old_events")
"""Steps that are read several times, and cheaper to compute again than to keep."""

TABLES = ("news", "earlier", "repeated", "tallied", "copies", "repeats", "used", "usage")
"""Steps whose result later steps read, in order; each is kept under the name of its file."""

RESULTS = ("activity", "source_days", "unresolved", "duplicates", "conflicts")
"""Steps whose result is read at the end."""

FUNCTIONS = ("utc_day", "sha256_of")
"""What engines name differently. Each engine defines:

- `utc_day(timestamp)`: the date in UTC.
- `sha256_of(text)`: hexadecimal digits in lower case.
"""

EVENT_COLUMNS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "event_id": pl.String(),
    "occurred_at": TIMESTAMP,
    "known_at": TIMESTAMP,
    "source_user_id": pl.String(),
    "source_account_id": pl.String(),
    "event_name": pl.String(),
    "feature": pl.String(),
    "quantity": pl.Float64(),
}
"""Columns of `raw_events`; null where no file has the column.

Each engine adds `id`: an integer, equal for equal ids of events. Results do not depend on it."""

REQUIRED = ("source", "event_id", "occurred_at", "known_at", "event_name")
"""Columns that at least one file must have."""

CONFLICTS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "event_id": pl.String(),
    "known_on": pl.Date(),
    "differs": pl.String(),
}
"""Copies that say something else than the copy that counts; `differs` names the columns."""

NO_ACCOUNT = "no account claims this source_account_id, nor the user"
"""Why use is unresolved whose event names an account."""

_CELLS = ("occurred_at", "source_user_id", "source_account_id", "event_name", "feature", "quantity")


class RollUpError(Exception):
    """The events cannot be rolled up; the message names the files and what is missing."""


@dataclass(frozen=True, slots=True)
class RollUp:
    """What a range of days added.

    Attributes:
        activity: `ACTIVITY` rows that became known in the range.
        source_days: `SOURCE_DAYS` rows that became known in the range.
        unresolved: `UNRESOLVED_EVENTS` rows, of the events that no account claims.
        duplicates: copies that became known in the range of events that were known already.
        conflicts: further such copies, which say something else; the copy known first counts.
        conflict_sample: `CONFLICTS` rows, at most 20 of these.
    """

    activity: pl.DataFrame
    source_days: pl.DataFrame
    unresolved: pl.DataFrame
    duplicates: int
    conflicts: int
    conflict_sample: pl.DataFrame


def sql(step: str, rules: ActivityRules, known_from: date, known_to: date) -> str:
    """The text of a step, its parameters put in as literals that every engine reads alike."""
    text = resources("health_pipeline.core.activity").joinpath(f"{step}.sql").read_text("utf-8")
    return Template(text).substitute(
        first_valid=_literal(date(rules.first_valid_year, 1, 1)),
        known_from=_literal(known_from),
        known_until=_literal(known_to + timedelta(days=1)),
        lookback_days=rules.lookback_days,
    )


def _literal(day: date) -> str:
    return f"date '{day.isoformat()}'"


def shaped(
    found: Sequence[str], files: Sequence[Path | str], types: Mapping[pl.DataType, str]
) -> list[str]:
    """What to select of landed files so that `EVENT_COLUMNS` come out, one expression a column.

    Args:
        found: columns of the files, each of which at least one of them has.
        files: the files, for the message.
        types: the engine's names of the types.

    Raises:
        RollUpError: a required column is in none of the files.
    """
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise RollUpError(f"{files[0]} and {len(files) - 1} more: no column {', '.join(missing)}")
    return [
        f"CAST({name if name in found else 'NULL'} AS {types[dtype]}) AS {name}"
        for name, dtype in EVENT_COLUMNS.items()
    ]


def inputs(
    user_links: pl.DataFrame,
    account_xref: pl.DataFrame,
    rules: ActivityRules,
    claimed_days: Sequence[date] | None = None,
) -> dict[str, pl.DataFrame]:
    """The small tables that the steps join, by name.

    Args:
        user_links: `Identity.user_links`; with `counts_on` where a link counts from a later day on
            than that of `linked_at`.
        account_xref: `Identity.account_xref`, likewise.
        rules: features and core events.
        claimed_days: as for `roll_up`; None = every day.
    """
    days = pl.Series(claimed_days or [], dtype=pl.Date)
    if claimed_days is None:
        days = pl.date_range(date(rules.first_valid_year, 1, 1), date(2100, 1, 1), eager=True)
    return {
        "user_links": _counting(user_links).select(
            "source", "source_user_id", "account_id", "user_id", "linked_at", "counts_on"
        ),
        "account_links": _counting(account_xref).select(
            "source", "source_account_id", "account_id", "counts_on"
        ),
        "feature_map": feature_map(rules),
        "event_map": event_map(rules),
        "claimed_days": days.alias("day").to_frame(),
    }


def _counting(links: pl.DataFrame) -> pl.DataFrame:
    """`links` with `counts_on`, the day from which on each counts."""
    if "counts_on" in links.columns:
        return links
    return links.with_columns(pl.col("linked_at").dt.date().alias("counts_on"))


def rolled_up(results: Mapping[str, pl.DataFrame]) -> RollUp:
    """The results of an engine, by step, in the shapes that are promised."""
    duplicates, conflicts = results["duplicates"].row(0)
    return RollUp(
        _shaped(results["activity"], ACTIVITY),
        _shaped(results["source_days"], SOURCE_DAYS),
        _shaped(_unresolved(results["unresolved"]), UNRESOLVED_EVENTS),
        int(duplicates),
        int(conflicts),
        _shaped(_conflicts(results["conflicts"]), CONFLICTS),
    )


def nothing() -> RollUp:
    """The roll-up of no files."""
    shapes = (ACTIVITY, SOURCE_DAYS, UNRESOLVED_EVENTS)
    activity, days, unresolved = (pl.DataFrame(schema=shape) for shape in shapes)
    return RollUp(activity, days, unresolved, 0, 0, pl.DataFrame(schema=CONFLICTS))


def _shaped(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _unresolved(rows: pl.DataFrame) -> pl.DataFrame:
    """Named for people: which key nobody claims, and why that leaves the use without an account."""
    why = (
        pl.when(pl.col("account_key").is_not_null())
        .then(pl.lit(NO_ACCOUNT))
        .when(pl.col("user_key").is_not_null())
        .then(pl.lit("no account claims this source_user_id, and the event names no account"))
        .otherwise(pl.lit("the event names neither a user nor an account"))
    )
    return rows.with_columns(
        pl.lit("events").alias("table"),
        pl.coalesce("account_key", "user_key").alias("key"),
        why.alias("why"),
        pl.col("events").alias("rows"),
    )


def _conflicts(rows: pl.DataFrame) -> pl.DataFrame:
    names = [pl.when(pl.col(name)).then(pl.lit(name)) for name in _CELLS]
    return rows.with_columns(
        pl.concat_str(names, separator=", ", ignore_nulls=True).alias("differs")
    )

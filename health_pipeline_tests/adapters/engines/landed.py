"""Events as they are landed, and the people and accounts that they belong to, for both engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from health_pipeline.adapters.engines.duckdb import roll_up
from health_pipeline.adapters.engines.steps import RollUp
from health_pipeline.core.activity.params import ActivityRules, Feature
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES

FEATURES = (
    Feature(name="reports", match=("reports", "charts"), core=True),
    Feature(name="api", match=("api",), events=("api_called",)),
)
RULES = ActivityRules(
    features=(*FEATURES, Feature(name="all charts", match=("charts",))),
    core_events=("Workflow_Run",),
)


def jan(day: int) -> date:
    return date(2026, 1, day)


def at(day: int, hour: int = 12, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, second, micro, tzinfo=UTC)


def event(key="e", day=5, known=None, **more):
    """An event of `app` that happens at noon of `day` of January and is known at once."""
    occurred = day if isinstance(day, datetime) else at(day)
    return {
        "source": "app",
        "event_id": key,
        "occurred_at": occurred,
        "known_at": occurred if known is None else known,
        "event_name": "login",
        "source_account_id": "a",
        **more,
    }


FIRST, LAST = jan(1), jan(20)


def xref(*further: tuple) -> pl.DataFrame:
    """Accounts: one known from the start, one known later, and `further`."""
    rows = [
        ("app", "a", "acc_1", "anchor", "", 1.0, at(1)),
        ("app", "late", "acc_2", "name", "", 0.9, at(9)),
    ]
    return pl.DataFrame(
        [*rows, *further], schema=RESULT_TABLES["account_xref"].columns, orient="row"
    )


def links(*further: tuple) -> pl.DataFrame:
    """Users: one who stays, one who moves, one who is linked twice on a day, and `further`."""
    rows = [
        ("app", "u", "acc_3", "usr_u", "sso", at(1)),
        ("app", "mover", "acc_1", "usr_m", "sso", at(2)),
        ("app", "mover", "acc_2", "usr_m", "sso", at(8)),
        ("app", "twice", "acc_1", "usr_t", "sso", at(8, 1)),
        ("app", "twice", "acc_2", "usr_t", "sso", at(8, 2)),
    ]
    return pl.DataFrame([*rows, *further], schema=LINK_COLUMNS, orient="row")


def landed(rows: Iterable[dict]) -> pl.DataFrame:
    """The rows with those columns of the contract that any of them has."""
    rows = list(rows)
    schema = {**SOURCE_TABLES["events"].schema, "known_at": pl.Datetime("us", "UTC")}
    used = {name for row in rows for name in row}
    named = {name: dtype for name, dtype in schema.items() if name in used}
    return pl.DataFrame(rows, schema=named, orient="row")


def rolled_up(
    files: Sequence[Path], first: date = FIRST, last: date = LAST, rules: ActivityRules = RULES
) -> RollUp:
    """What DuckDB makes of the files."""
    return roll_up(
        files,
        user_links=links(),
        account_xref=xref(),
        rules=rules,
        known_from=first,
        known_to=last,
    )

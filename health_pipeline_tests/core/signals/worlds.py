"""Hand-made days: a `DayView` from a few rows, and what one signal says of account `a`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import WEEKS, WINDOW_COLUMNS, DayView, FeatureInfo
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.core.signals.kind import kinds

DAY = date(2026, 3, 31)
Row = dict[str, Any]
MISSING = (None, "missing", None)
NOT_APPLICABLE = (None, "not_applicable", None)
Case = tuple[str, DayView, Row, tuple[Any, ...]]
"""Why, the day, the kind's params, and what is said of account `a`: value, status, detail."""

WINDOWS = {
    "account_id": pl.String(),
    "observed_on": pl.Date(),
    **WINDOW_COLUMNS,
    "first_core_on": pl.Date(),
    "weekly_users": pl.List(pl.Int64()),
}
SEATS = {"subscriptions": [{"account_id": "a", "seats": 100}]}


def on(days_ago: int) -> date:
    """A date so many days before the day; negative = in the future."""
    return DAY - timedelta(days=days_ago)


def at(days_ago: int, hour: int = 12) -> datetime:
    return datetime.combine(on(days_ago), time(hour), tzinfo=UTC)


def account(account_id: str = "a", **columns: Any) -> Row:
    return {"account_id": account_id, "plan": "Growth", "seats": 100, "has_usage": True, **columns}


def window(account_id: str = "a", **columns: Any) -> Row:
    unknown = {"weekly_users": [None] * WEEKS}
    return {"account_id": account_id, "observed_on": DAY, **unknown, **columns}


def used(days_ago: Iterable[int]) -> Row:
    """The masks of an account that was active so many days before its last delivered day."""
    back = set(days_ago)
    first, second = ({n - start for n in back if 0 <= n - start < 63} for start in (0, 63))
    return {f"active_mask_{m}": sum(1 << n for n in bits) for m, bits in enumerate((first, second))}


def used_by_week(days: Sequence[int]) -> Row:
    """The masks of an account that was active on so many days of each week, told oldest first."""
    return used(7 * n + day for n, of_week in enumerate(reversed(days)) for day in range(of_week))


def weeks(users: Sequence[int | None]) -> list[int | None]:
    """`weekly_users` of weekly active users that are told oldest first, as people read them."""
    return [*reversed(users), *[None] * (WEEKS - len(users))]


def world(
    tables: Mapping[str, list[Row]] | None = None,
    accounts: Sequence[Row] = (account(),),
    windows: Sequence[Row] = (),
    provided: Mapping[str, set[str]] | None = None,
    features: tuple[FeatureInfo, ...] = (),
    usage_sources: frozenset[str] = frozenset(),
    first_core: Mapping[str, date] | None = None,
    roles: Mapping[str, str] | None = None,
) -> DayView:
    """A day on which the tables deliver just the columns that their rows name."""
    frames = {name: _frame(name, rows) for name, rows in (tables or {}).items()}
    delivered = {name: frozenset(frame.columns) for name, frame in frames.items()}
    return DayView(
        day=DAY,
        accounts=pl.DataFrame(accounts, schema=ACCOUNT_COLUMNS),
        windows=pl.DataFrame(windows, schema=WINDOWS),
        tables=frames,
        provided=delivered | {k: frozenset(v) for k, v in (provided or {}).items()},
        features=features,
        usage_sources=usage_sources,
        roles=roles or {},
        currency="USD",
        first_core=lambda: _first_core(first_core or {}),
    )


def _first_core(users: Mapping[str, date]) -> pl.DataFrame:
    rows = [{"user_id": user, "first_core_on": day} for user, day in users.items()]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "first_core_on": pl.Date})


def _frame(table: str, rows: list[Row]) -> pl.DataFrame:
    types = {"account_id": pl.String(), "user_id": pl.String(), **SOURCE_TABLES[table].schema}
    named = {"account_id", "user_id"}.union(*rows)
    assert named <= types.keys(), f"{named - types.keys()} is no column of {table}"
    return pl.DataFrame(rows, schema={k: v for k, v in types.items() if k in named})


def spec(kind: str, params: Frozen | None = None, **changes: Any) -> SignalSpec:
    """The kind as a signal of its own name, with the kind's own habits."""
    found = kinds()[kind]
    return SignalSpec(
        **{
            "name": kind,
            "kind": kind,
            "params": params or found.params(),
            "group": "value_use",
            "weight": 10.0,
            "knots": "fit",
            "reason_code": kind,
            "play": "none",
            **found.meta.model_dump(),
            **changes,
        }
    )


def numbered(view: DayView) -> DayView:
    """The same day with tables as queries and accounts as numbers, as a run reads it from files."""
    every = [view.accounts, view.windows, *(rows.lazy().collect() for rows in view.tables.values())]
    ids = pl.concat([rows["account_id"].cast(pl.String) for rows in every]).unique().sort()

    def places(rows: pl.DataFrame) -> pl.DataFrame:
        known = {account: place for place, account in enumerate(ids) if account is not None}
        return rows.with_columns(pl.col("account_id").replace_strict(known, return_dtype=pl.UInt32))

    return replace(
        view,
        accounts=places(view.accounts),
        windows=places(view.windows),
        tables={n: places(rows.lazy().collect()).lazy() for n, rows in view.tables.items()},
        ids=ids,
    )


def said(kind: str, view: DayView, params: Row, account_id: str = "a") -> tuple[Any, ...]:
    """(value, status, detail) of one account; values to four places."""
    asked = [spec(kind, kinds()[kind].params(**params))]
    result = signal_values(view, asked)
    assert_frame_equal(signal_values(numbered(view), asked), result)
    row = result.row(by_predicate=pl.col("account_id") == account_id, named=True)
    value = None if row["value"] is None else round(row["value"], 4)
    return value, row["status"], row["detail"]


def case_test(kind: str, cases: Sequence[Case]) -> Callable[..., None]:
    """The test of a kind's table of cases, for the kind's test file to hold."""

    @pytest.mark.parametrize(
        ("view", "params", "expected"),
        [pytest.param(*case, id=why) for why, *case in cases],
    )
    def says(view: DayView, params: Row, expected: tuple[Any, ...]) -> None:
        assert said(kind, view, params) == expected

    test: Callable[..., None] = says
    return test


def desk(*tickets: Row, columns: Sequence[str] | None = None, account_id: str = "a") -> DayView:
    """A day with tickets; times in days ago. `columns`: what the source delivers, else all."""
    rows = [
        {
            "account_id": account_id,
            "source": "support",
            "ticket_id": str(n),
            **{k: at(v) if k.endswith("_at") else v for k, v in ticket.items()},
        }
        for n, ticket in enumerate(tickets)
    ]
    every = SOURCE_TABLES["tickets"].names if columns is None else columns
    return world({"tickets": rows}, provided={"tickets": set(every)})


def plan(
    *milestones: tuple[str, int | None, int | None, int | None],
    without: frozenset[str] = frozenset(),
    account_id: str = "a",
    **shared: Any,
) -> DayView:
    """A day with milestones: (name, original due, due, completed), in days ago, negative = ahead.

    `without`: columns that the source does not deliver; `shared`: columns of every milestone.
    """
    names = ("original_due_on", "due_on", "completed_on")
    rows = [
        {
            "account_id": account_id,
            "milestone_id": name,
            "name": name,
            **dict(zip(names, (None if d is None else on(d) for d in days), strict=True)),
            **shared,
        }
        for name, *days in milestones
    ]
    kept = [{k: v for k, v in row.items() if k not in without} for row in rows]
    return world({"milestones": kept}, provided={"milestones": {*names, *shared} - without})


def bill(
    number: str, due: int, *, amount: str = "1200.00", account_id: str = "a", **columns: Any
) -> Row:
    """An invoice, due so many days ago."""
    return {
        "account_id": account_id,
        "invoice_id": number,
        "due_on": on(due),
        "amount": Decimal(amount),
        **columns,
    }

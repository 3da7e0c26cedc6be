"""Quiet churners of the sample world get their code before any ticket rises; and how long before.

Weekly days of the default sample world (400 accounts, 15 months), resolved by its own truth, so
that nothing but the signal is judged. `python -m health_pipeline_tests.end_to_end.test_quiet_churn`
prints the figures that docs/calibration.md tells.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from statistics import median

import polars as pl
import pytest

from health_pipeline.adapters.sample import World, generate
from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.day import WEEKS, WINDOW_COLUMNS, DayView
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.schemas.time import as_of
from health_pipeline.core.signals.compute import signal_values

END = date(2025, 6, 30)
FIRST = date(2024, 6, 23)
"""A Sunday, twelve weeks after the first event."""

LOOKS = 13
"""Sundays in 90 days."""


def specs(*names: str) -> list[SignalSpec]:
    """Signals of the default model."""
    return [spec for spec in load_model().signals if spec.name in names]


def weekly_users(world: World) -> pl.DataFrame:
    """Account, day (Sunday), users: distinct users of the seven days that end on the day."""
    to_sunday = pl.duration(days=7 - pl.col("occurred_at").dt.date().dt.weekday())
    return (
        world.tables["events"]
        .join(world.truth_users, on=["source", "source_user_id"])
        .group_by(account_id="true_account", day=pl.col("occurred_at").dt.date() + to_sunday)
        .agg(users=pl.col("source_user_id").n_unique())
    )


def owned(world: World, name: str) -> pl.DataFrame:
    """All versions of a table with their true account; a row without `known_at` is never late."""
    rows = world.tables[name].join(
        world.truth_records.select("source", "source_account_id", account_id="true_account"),
        on=["source", "source_account_id"],
    )
    return rows.with_columns(known_assumed=pl.lit(value=False))


def windows_on(users: pl.DataFrame, day: date) -> pl.DataFrame:
    """The windows' weekly users on `day`; weeks before an account's first user are null."""
    ends = pl.DataFrame(
        {"day": [day - timedelta(weeks=k) for k in range(WEEKS)], "k": range(WEEKS)}
    )
    known = users.filter(pl.col("day") <= day)
    first = known.group_by("account_id").agg(first=pl.col("day").min())
    weekly = (
        first.join(ends, how="cross")
        .join(known, on=["account_id", "day"], how="left")
        .with_columns(pl.when(pl.col("day") >= pl.col("first")).then(pl.col("users").fill_null(0)))
        .sort("account_id", "k")
        .group_by("account_id", maintain_order=True)
        .agg(weekly_users=pl.col("users").cast(pl.Int64))
    )
    empty = {name: pl.lit(None, dtype).alias(name) for name, dtype in WINDOW_COLUMNS.items()}
    empty["active_users_30d"] = pl.lit(1, pl.Int64).alias("active_users_30d")
    return weekly.with_columns(observed_on=pl.lit(day), **empty)


def views(world: World) -> list[DayView]:
    """Each Sunday of the customers that are there and send events."""
    users, tables = weekly_users(world), {n: owned(world, n) for n in ("tickets", "seat_requests")}
    customers = world.truth.filter("is_customer", "sends_events")
    found = []
    for day in pl.date_range(FIRST, END, "1w", eager=True):
        here = customers.filter(
            pl.col("started_on") <= day,
            pl.col("churned_on").is_null() | (pl.col("churned_on") > day),
        )
        accounts = here.select(
            account_id="true_account",
            plan="plan",
            starts_on="started_on",
            first_seen_on="started_on",
            has_usage=pl.lit(value=True),
            cancellation_notice_on=pl.when(pl.col("notice_on") <= day).then("notice_on"),
        )
        missing = {
            k: pl.lit(None, v) for k, v in ACCOUNT_COLUMNS.items() if k not in accounts.columns
        }
        found.append(
            DayView(
                day=day,
                accounts=accounts.with_columns(**missing).select(ACCOUNT_COLUMNS.keys()),
                windows=windows_on(users, day).join(accounts, on="account_id", how="semi"),
                tables={n: as_of(SOURCE_TABLES[n], t, day) for n, t in tables.items()},
                provided={n: frozenset(t.columns) for n, t in tables.items()},
            )
        )
    return found


@pytest.fixture(scope="module")
def told() -> tuple[World, pl.DataFrame]:
    """The default world, and the values of three signals on each Sunday of it."""
    return measured()


def measured() -> tuple[World, pl.DataFrame]:
    world = generate(END)
    asked = specs("quiet_churn", "ticket_volume", "usage_trend")
    return world, pl.concat(signal_values(view, asked) for view in views(world))


def risky(values: pl.DataFrame, signal: str) -> pl.DataFrame:
    """Account and date of the rows of `signal` that are in risk by the default model's knots."""
    (spec,) = specs(signal)
    assert not isinstance(spec.knots, str)
    worse = pl.col("value") > spec.knots[1]
    return values.filter(pl.col("signal") == signal, worse).select("account_id", "date")


def quiet_churners(world: World, values: pl.DataFrame) -> pl.DataFrame:
    """One row a quiet churner that could be judged in the 90 days before its notice.

    `told_on`: the first day of these with the code, `tickets_on`: the first with more tickets than
    usual in risk; null = never. `lead`, `before_notice`: days from `told_on` to churn and notice.
    """
    near = world.truth.filter("is_quiet_churner").select(
        "churned_on", "notice_on", account_id="true_account"
    )
    between = pl.col("date").is_between(pl.col("notice_on") - pl.duration(days=90), "notice_on")

    def first(rows: pl.DataFrame, name: str) -> pl.DataFrame:
        inside = rows.join(near, on="account_id").filter(between)
        return inside.group_by("account_id").agg(pl.col("date").min().alias(name))

    judged = values.filter(pl.col("signal") == "quiet_churn", pl.col("status") == "measured")
    return (
        near.join(judged.join(near, on="account_id").filter(between), on="account_id", how="semi")
        .join(first(risky(values, "quiet_churn"), "told_on"), on="account_id", how="left")
        .join(first(risky(values, "ticket_volume"), "tickets_on"), on="account_id", how="left")
        .with_columns(
            lead=(pl.col("churned_on") - pl.col("told_on")).dt.total_days(),
            before_notice=(pl.col("notice_on") - pl.col("told_on")).dt.total_days(),
        )
        .sort("account_id")
    )


def stayers(world: World, values: pl.DataFrame) -> float:
    """Share of the quarters of accounts that never left in which the code is told on any Sunday.

    As many looks as a quiet churner gets in its 90 days: beside them only this share says much.
    """
    kept = world.truth.filter(pl.col("churned_on").is_null())["true_account"]
    judged = values.filter(pl.col("signal") == "quiet_churn", pl.col("value").is_not_null())
    coded = risky(values, "quiet_churn").with_columns(coded=pl.lit(value=True))
    quarters = (
        judged.filter(pl.col("account_id").is_in(kept.implode()))
        .join(coded, on=["account_id", "date"], how="left")
        .group_by("account_id", (pl.col("date") - FIRST).dt.total_days() // (7 * LOOKS))
        .agg(pl.len(), ever=pl.col("coded").any())
        .filter(pl.col("len") == LOOKS)
    )
    return float(quarters["ever"].sum()) / quarters.height


def summary(world: World, values: pl.DataFrame) -> str:
    """What is measured, in one text."""
    quiet = quiet_churners(world, values)
    caught = quiet.drop_nulls("told_on")
    looks = values.filter(pl.col("signal") == "quiet_churn", pl.col("value").is_not_null())
    share = risky(values, "quiet_churn").height / looks.height
    return (
        f"{caught.height} of {quiet.height} quiet churners get the code before their notice, "
        f"the median {median(caught['lead']):.0f} days before they leave "
        f"({caught['lead'].min()} to {caught['lead'].max()}) and "
        f"{median(caught['before_notice']):.0f} before the notice; "
        f"{quiet['tickets_on'].count()} of them ever show a rise of tickets. "
        f"of the stayers' quarters {100 * stayers(world, values):.0f}% have it on one Sunday or "
        f"more; {100 * share:.1f}% of all looks at an account have it"
    )


def test_quiet_churners_get_their_code_before_any_ticket_rises(told):
    world, values = told
    quiet = quiet_churners(world, values)
    caught = quiet.drop_nulls("told_on")
    said = summary(world, values)
    assert FIRST.isoweekday() == 7
    assert quiet.height >= 6, said
    assert caught.height >= quiet.height / 2, said
    later = caught.filter(pl.col("tickets_on") < pl.col("told_on"))
    assert later.is_empty(), said
    assert median(caught["before_notice"]) >= 14, said
    assert median(caught["lead"]) >= 42, said
    assert caught.height / quiet.height >= 2 * stayers(world, values), said


if __name__ == "__main__":
    found = measured()
    sys.stdout.write(f"{quiet_churners(*found)}\n{summary(*found)}\n")

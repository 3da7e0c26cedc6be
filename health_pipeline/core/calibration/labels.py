"""Churn labels: did the one event fall into (t, t + H]? (R10–R13, science.md "Labels")."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from health_pipeline.core.calibration.events import (
    Tables,
    churn_events,
    notices,
    successes,
)
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.results import RESULT_TABLES

WORST_FIRST = (pl.col("event_kind") == "contraction", "event_kind", "notice_on", "known_on")
"""Which of several events of one day is told: who left did not only shrink."""

NO_EVENT = "no churn event can be derived: connect outcomes or subscriptions"


def label_basis(tables: Tables, churn: ChurnDefinition) -> str:
    """One sentence: from which table churn is read, and what that table cannot tell."""
    if "outcomes" in tables:
        return "churn events are read from outcomes"
    if "subscriptions" not in tables:
        return NO_EVENT
    blind = [kind for kind in ("contraction",) if kind in churn.events]
    blind += list(churn.counterweights)
    tail = f"; {', '.join(blind)} cannot be seen without an outcomes table" if blind else ""
    return f"churn events are read from ended subscriptions{tail}"


def churn_labels(
    tables: Tables,
    accounts_by_snapshot: pl.DataFrame,
    churn: ChurnDefinition,
    data_through: date,
) -> pl.DataFrame:
    """One label for each account of each snapshot's population.

    Args:
        tables: landed versions with `account_id`, `known_at`, `known_assumed`; `outcomes` and
            `subscriptions` are read. Inactivity is no churn event.
        accounts_by_snapshot: `account_id`, `date`: the population of each snapshot t.
        churn: the definition.
        data_through: last day whose events are known to be complete.

    Returns:
        `churn_labels` of contracts.md; no rows when neither table is connected (`label_basis`
        says so). `churned_within_horizon` is True when an enabled event lies in (t, t + H], null
        (and `censored`) when t + H passes `data_through` or an event in the horizon is not yet
        certain, else False. `notice_on` is the event's, else that of a notice open at t: rows with
        notice_on ≤ t are past the decision and belong in no evaluation.
    """
    table = RESULT_TABLES["churn_labels"]
    if label_basis(tables, churn) == NO_EVENT:
        return table.empty()
    population = accounts_by_snapshot.select("account_id", "date").unique()
    events = churn_events(tables, churn, data_through)
    parts = (
        _first_within(
            population, events.filter("certain"), "effective_on", churn.horizon_days, WORST_FIRST
        ),
        _doubtful(population, events, churn.horizon_days),
        _counterweights(population, successes(tables, churn, data_through), churn.horizon_days),
        _open_notice(population, _all_notices(tables, events, data_through)),
    )
    rows = population
    for part in parts:
        rows = rows.join(part, on=("account_id", "date"), how="left", validate="1:1")
    return table.conform(_judged(rows, churn.horizon_days, data_through))


def _judged(rows: pl.DataFrame, horizon: int, data_through: date) -> pl.DataFrame:
    event, ends = pl.col("effective_on"), pl.col("date") + pl.duration(days=horizon)
    unknown = (ends > pl.lit(data_through)) | pl.col("doubtful").is_not_null()
    churned = pl.when(event.is_not_null()).then(statement=True).when(~unknown).then(statement=False)
    return rows.with_columns(
        horizon_days=pl.lit(horizon),
        churned_within_horizon=churned,
        censored=churned.is_null(),
        notice_on=pl.coalesce("notice_on", "open_notice_on"),
        days_to_event=(event - pl.col("date")).dt.total_days(),
        label_known_through=pl.lit(data_through),
    )


def _first_within(
    population: pl.DataFrame,
    happenings: pl.DataFrame,
    on: str,
    horizon: int,
    of_one_day: Sequence[str | pl.Expr] = (),
) -> pl.DataFrame:
    """The earliest happening in (t, t + H] of each snapshot row that has one.

    `of_one_day`: the order of those that fall on one day, so that rows may come in any.
    """
    ahead = (pl.col(on) - pl.col("date")).dt.total_days()
    return (
        population.join(happenings, on="account_id")
        .filter(ahead > 0, ahead <= horizon)
        .sort("account_id", "date", on, *of_one_day, nulls_last=True)
        .unique(subset=["account_id", "date"], keep="first", maintain_order=True)
    )


def _doubtful(population: pl.DataFrame, events: pl.DataFrame, horizon: int) -> pl.DataFrame:
    unsure = events.filter(~pl.col("certain"))
    first = _first_within(population, unsure, "effective_on", horizon)
    return first.select("account_id", "date", pl.col("effective_on").alias("doubtful")).unique()


def _counterweights(population: pl.DataFrame, won: pl.DataFrame, horizon: int) -> pl.DataFrame:
    first = _first_within(population, won, "occurred_on", horizon, ["kind"])
    return first.select("account_id", "date", pl.col("kind").alias("counterweight"))


def _all_notices(tables: Tables, events: pl.DataFrame, data_through: date) -> pl.DataFrame:
    of_events = events.filter(pl.col("notice_on").is_not_null()).select(
        "account_id", "notice_on", pl.col("effective_on").alias("ends_on")
    )
    return pl.concat([notices(tables, data_through), of_events])


def _open_notice(population: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """The earliest notice that is given by t and whose term still runs at t."""
    running = (pl.col("ends_on") > pl.col("date")).fill_null(value=True)
    return (
        population.join(given, on="account_id")
        .filter(pl.col("notice_on") <= pl.col("date"), running)
        .group_by("account_id", "date")
        .agg(pl.col("notice_on").min().alias("open_notice_on"))
    )

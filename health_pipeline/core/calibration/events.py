"""Churn events, successes and notices, as the landed tables tell them (R10, R13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of

Tables = Mapping[str, pl.DataFrame]

EVENTS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "effective_on": pl.Date(),
    "notice_on": pl.Date(),
    "known_on": pl.Date(),
    "event_kind": pl.String(),
    "certain": pl.Boolean(),
}
"""One row a churn event. Not `certain`: a fall without ARR, or an end still within its grace."""

NOTICES: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "notice_on": pl.Date(),
    "ends_on": pl.Date(),
}
"""One row a cancellation notice; `ends_on` null: no end is known."""

_LOSSES = ("logo_loss", "non_renewal")
_CENT = 0.005
_NEVER = date(9999, 12, 31)


def churn_events(tables: Tables, churn: ChurnDefinition, data_through: date) -> pl.DataFrame:
    """All enabled churn events known at the end of `data_through`, in the shape of `EVENTS`.

    A connected `outcomes` table decides alone; without one, ended subscriptions do.
    """
    if "outcomes" in tables:
        events = _from_outcomes(_outcomes(tables, data_through), churn)
    elif "subscriptions" in tables:
        events = _from_subscriptions(_rows(tables, "subscriptions", data_through), churn)
        grace_over = pl.col("effective_on") + pl.duration(days=churn.grace_days)
        events = events.with_columns(certain=grace_over <= pl.lit(data_through))
    else:
        return pl.DataFrame(schema=EVENTS)
    events = events.filter(pl.col("event_kind").is_in(churn.events))
    return _with_notice(events, notices(tables, data_through), churn.grace_days)


def successes(tables: Tables, churn: ChurnDefinition, data_through: date) -> pl.DataFrame:
    """Enabled counterweights (`account_id`, `occurred_on`, `kind`); only `outcomes` names them."""
    if "outcomes" not in tables:
        schema = {"account_id": pl.String(), "occurred_on": pl.Date(), "kind": pl.String()}
        return pl.DataFrame(schema=schema)
    rows = _outcomes(tables, data_through).filter(pl.col("kind").is_in(churn.counterweights))
    return rows.select("account_id", "occurred_on", "kind")


def notices(tables: Tables, data_through: date) -> pl.DataFrame:
    """Cancellation notices of the subscriptions, in the shape of `NOTICES`."""
    if "subscriptions" not in tables:
        return pl.DataFrame(schema=NOTICES)
    rows = _rows(tables, "subscriptions", data_through)
    return rows.filter(pl.col("cancellation_notice_on").is_not_null()).select(
        "account_id",
        pl.col("cancellation_notice_on").alias("notice_on"),
        pl.coalesce("ended_on", "renews_on").alias("ends_on"),
    )


def _rows(tables: Tables, name: str, data_through: date) -> pl.DataFrame:
    """Rows of `name` in force, with every column of the contract: null where not provided."""
    contract = SOURCE_TABLES[name]
    rows = as_of(contract, tables[name], data_through).filter(pl.col("account_id").is_not_null())
    absent = [c for c in contract.columns if c.name not in rows.columns]
    return rows.with_columns(pl.lit(None, dtype=c.dtype).alias(c.name) for c in absent)


def _outcomes(tables: Tables, data_through: date) -> pl.DataFrame:
    """Outcomes with `kind` made to agree with ARR where both figures are given (contracts.md)."""
    before, after = pl.col("arr_before"), pl.col("arr_after")
    rows = _rows(tables, "outcomes", data_through).with_columns(
        before.cast(pl.Float64), after.cast(pl.Float64)
    )
    early = _ended_early(rows, tables, data_through)
    return rows.join(early, on=("source", "outcome_id"), how="left", maintain_order="left").select(
        "account_id",
        "occurred_on",
        "notice_on",
        "arr_before",
        "arr_after",
        pl.col("known_at").dt.date().alias("known_on"),
        pl.when(pl.col("kind").is_in(_LOSSES))
        .then(pl.col("kind"))
        # Nothing before and nothing after is no loss: a free plan that goes on.
        .when((after == 0) & before.ne_missing(0))
        .then(pl.when(pl.col("early")).then(pl.lit("logo_loss")).otherwise(pl.lit("non_renewal")))
        .when(after < before)
        .then(pl.lit("contraction"))
        .when((pl.col("kind") != "multi_year_renewal") & (after > before))
        .then(pl.lit("expansion"))
        .when(pl.col("kind").is_in(("contraction", "expansion")) & (after == before))
        .then(pl.lit("renewal"))
        .otherwise(pl.col("kind"))
        .alias("kind"),
    )


def _ended_early(rows: pl.DataFrame, tables: Tables, data_through: date) -> pl.DataFrame:
    """`early` for each outcome that fell inside a running term of its account."""
    keys = rows.select("source", "outcome_id", "account_id", "occurred_on")
    if "subscriptions" not in tables:
        return keys.select("source", "outcome_id", early=pl.lit(value=False))
    terms = _rows(tables, "subscriptions", data_through)
    running = keys.join(terms.select("account_id", "starts_on", "renews_on"), on="account_id")
    inside = running.filter(
        pl.col("starts_on") <= pl.col("occurred_on"), pl.col("occurred_on") < pl.col("renews_on")
    )
    return inside.select("source", "outcome_id", early=pl.lit(value=True)).unique()


def _from_outcomes(rows: pl.DataFrame, churn: ChurnDefinition) -> pl.DataFrame:
    fall, is_fall = pl.col("arr_before") - pl.col("arr_after"), pl.col("kind") == "contraction"
    deep_enough = fall * 100 >= churn.contraction_pct * pl.col("arr_before") - _CENT
    counted = rows.filter(
        pl.col("kind").is_in(_LOSSES) | (is_fall & deep_enough.fill_null(value=True))
    )
    return counted.select(
        "account_id",
        pl.col("occurred_on").alias("effective_on"),
        "notice_on",
        "known_on",
        pl.col("kind").alias("event_kind"),
        certain=~is_fall | fall.is_not_null(),
    )


def _from_subscriptions(rows: pl.DataFrame, churn: ChurnDefinition) -> pl.DataFrame:
    """The end of each unbroken stretch of an account's terms; gaps up to the grace do not break.

    Overlapping rows (a plan and its add-ons) belong to one stretch. At the term's end it is a
    non-renewal, before it, or where no term is known, the loss of the logo.
    """
    grace = pl.duration(days=churn.grace_days)
    end = pl.col("ended_on").fill_null(_NEVER)
    in_order = ("starts_on", "end", "source", "subscription_id")
    ran = rows.filter(pl.col("starts_on") < end).with_columns(end=end).sort(in_order)
    seen = ran.with_columns(before=pl.col("end").cum_max().shift(1).over("account_id"))
    stretches = seen.with_columns(
        stretch=(pl.col("starts_on") > pl.col("before") + grace)
        .fill_null(value=True)
        .cum_sum()
        .over("account_id")
    )
    last = stretches.sort("end", maintain_order=True).unique(
        subset=["account_id", "stretch"], keep="last", maintain_order=True
    )
    months = pl.col("term_months").cast(pl.String) + "mo"
    term_end = pl.coalesce("renews_on", pl.col("starts_on").dt.offset_by(months))
    known = pl.col("known_at").dt.date()
    return last.filter(pl.col("ended_on").is_not_null()).select(
        "account_id",
        pl.col("ended_on").alias("effective_on"),
        pl.col("cancellation_notice_on").alias("notice_on"),
        known_on=pl.when("known_assumed")
        .then(pl.max_horizontal(known, "ended_on"))
        .otherwise(known),
        event_kind=pl.when(pl.col("ended_on") >= term_end)
        .then(pl.lit("non_renewal"))
        .otherwise(pl.lit("logo_loss")),
    )


def _with_notice(events: pl.DataFrame, given: pl.DataFrame, grace_days: int) -> pl.DataFrame:
    """Fill an event's empty `notice_on` from the notice of the term that it ended."""
    numbered = events.with_row_index("event")
    near = pl.col("ends_on") >= pl.col("effective_on") - timedelta(days=grace_days)
    fitting = (
        numbered.join(given, on="account_id", suffix="_given")
        .filter(pl.col("notice_on_given") <= pl.col("effective_on"), near.fill_null(value=True))
        .group_by("event")
        .agg(pl.col("notice_on_given").min())
    )
    return numbered.join(fitting, on="event", how="left", maintain_order="left").select(
        "account_id",
        "effective_on",
        pl.coalesce("notice_on", "notice_on_given").alias("notice_on"),
        "known_on",
        "event_kind",
        "certain",
    )

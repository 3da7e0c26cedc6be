"""The usage object: daily aggregates of those who have no events (R20).

`event:NAME` and `feature:NAME` become activity on account-days without events, and are taken back
when events of such a day arrive later; distinct counts (`active_users…`) are used as given. Where
events exist too, each difference is a data check.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from health_pipeline.core.activity.feature_map import MAP_COLUMNS, event_map, feature_map
from health_pipeline.core.activity.given import GIVEN, GIVEN_METRICS
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.activity.windows import windows
from health_pipeline.core.schemas.frames import ACTIVITY, SOURCE_DAYS

KEY = ("source", "source_account_id", "source_user_id", "day", "metric")
EVENTS_BACK = timedelta(days=90)
"""Events that were known earlier are not looked for: no window reaches back to them."""

DIFFERENCES: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "day": pl.Date(),
    "metric": pl.String(),
    "from_events": pl.Int64(),
    "from_usage_daily": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class UsageDaily:
    """What usage_daily adds.

    Attributes:
        activity: `ACTIVITY` rows. A corrected value, or events that arrive after it, add a further
            row with the difference, so that rows of earlier days of knowledge never change.
        source_days: `SOURCE_DAYS` rows, also for a stated zero: the source did deliver.
        given: `GIVEN` rows.
        differences: `DIFFERENCES` rows: account-days on which events say something else.
    """

    activity: pl.DataFrame
    source_days: pl.DataFrame
    given: pl.DataFrame
    differences: pl.DataFrame


def _versions(landed: pl.DataFrame) -> pl.DataFrame:
    """One row for each version of an aggregate, rounded (0.4 to 1: it is use), and what it adds."""
    known_on = pl.max_horizontal(pl.col("known_at").cast(pl.Date), "day").alias("known_on")
    whole = pl.max_horizontal(pl.col("value").round(), pl.col("value").clip(0, 1).ceil())
    return (
        landed.with_columns(known_on, whole.cast(pl.Int64).alias("value"))
        .sort("known_at", "value")
        .unique([*KEY, "known_on"], keep="last", maintain_order=True)
        .sort(*KEY, "known_on", nulls_last=True)
        .with_columns(
            pl.col("value").diff().over(KEY).fill_null(pl.col("value")).alias("added"),
        )
    )


def _named(rows: pl.DataFrame, kind: str, names: pl.DataFrame) -> pl.DataFrame:
    """Rows of the metrics `kind:NAME` with what NAME means: mask, is_core, kind."""
    prefix = f"{kind}:"
    name = pl.col("metric").str.strip_prefix(prefix).str.to_lowercase().alias("name")
    return (
        rows.filter(pl.col("metric").str.starts_with(prefix))
        .with_columns(name, pl.lit(kind).alias("kind"))
        .join(names.select(*MAP_COLUMNS), on="name", how="left")
        .with_columns(pl.col("mask").fill_null(0), pl.col("is_core").fill_null(value=False))
    )


OF = ("source", "account_id", "user_id", "day")


def _volume(named: pl.DataFrame) -> pl.DataFrame:
    """Activity of (source, account, user, day, known_on).

    The same use may stand under its event and under its feature: features count until an event of
    that user-day is known, which takes them back; likewise for core use.
    """
    by_event, core = pl.col("kind") == "event", pl.col("is_core")
    rows = named.with_columns(
        pl.col("known_on").filter(by_event).min().over(OF).alias("event_on"),
        pl.col("known_on").filter(by_event & core).min().over(OF).alias("core_event_on"),
    )
    added = pl.col("added")
    counted, core_counted = (
        by_event | (pl.col("known_on") < pl.col(on)) | pl.col(on).is_null()
        for on in ("event_on", "core_event_on")
    )
    parts = [
        rows.select(
            *OF,
            "known_on",
            pl.when(counted).then(added).otherwise(0).alias("events"),
            pl.when(core & core_counted).then(added).otherwise(0).alias("core_events"),
            pl.when(added > 0).then("mask").otherwise(0).alias("features"),
        )
    ]
    for on, name, of in (
        ("event_on", "events", ~by_event),
        ("core_event_on", "core_events", ~by_event & core),
    ):
        stood = rows.filter(of & (pl.col("known_on") < pl.col(on)))
        parts.append(stood.select(*OF, pl.col(on).alias("known_on"), (-added).alias(name)))
    return (
        pl.concat(parts, how="diagonal")
        .group_by(*OF, "known_on")
        .agg(pl.col("events", "core_events").sum(), pl.col("features").bitwise_or().fill_null(0))
        .filter(pl.any_horizontal(pl.col("events", "core_events", "features") != 0))
    )


def _without_events(rows: pl.DataFrame, activity: pl.DataFrame, since: date) -> pl.DataFrame:
    """What stands in for events until one of that account-day is known; then it is taken back.

    Not of days before `since`, whose first events may have been known, and it taken back, before.
    """
    first = activity.group_by("account_id", "day").agg(pl.col("known_on").min().alias("event_on"))
    beside = rows.join(first, on=["account_id", "day"], how="left")
    stood = beside.filter(pl.col("known_on") < pl.col("event_on"))
    back = stood.filter(pl.col("day") >= since)
    back = back.with_columns(-pl.col("added"), known_on="event_on")
    alone = beside.filter(pl.col("event_on").is_null())
    return pl.concat([alone, stood, back]).drop("event_on")


def _given(versions: pl.DataFrame) -> pl.DataFrame:
    """Distinct counts of whole accounts; where several sources give one, the largest."""
    whole = pl.col("source_user_id").fill_null("") == ""
    return (
        versions.filter(whole & pl.col("metric").is_in(GIVEN_METRICS))
        .group_by("account_id", "day", "known_on")
        .agg(
            pl.col("value").filter(pl.col("metric") == name).max().alias(name)
            for name in GIVEN_METRICS
        )
        .select(pl.col(name).cast(dtype) for name, dtype in GIVEN.items())
        .sort("account_id", "day", "known_on")
    )


def _stated(versions: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """What usage_daily says in the end: account_id, day, metric, from_usage_daily."""
    key = ["account_id", "day", "metric"]
    last = (
        _given(versions)
        .sort("known_on")
        .group_by("account_id", "day")
        .agg(pl.col(name).drop_nulls().last() for name in GIVEN_METRICS)
    )
    counts = last.unpivot(
        GIVEN_METRICS,
        index=["account_id", "day"],
        variable_name="metric",
        value_name="from_usage_daily",
    ).drop_nulls()
    events = (
        named.filter(pl.col("kind") == "event")
        .group_by("account_id", "day")
        .agg(pl.col("added").sum().alias("from_usage_daily"))
        .with_columns(pl.lit("events").alias("metric"))
    )
    return pl.concat([part.select(*key, "from_usage_daily") for part in (events, counts)])


def _measured(activity: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """What events say of the same: account_id, day, metric, from_events."""
    key = ["account_id", "day"]
    daily = activity.group_by(key).agg(
        pl.col("events").sum(),
        pl.col("user_id").drop_nulls().n_unique().cast(pl.Int64).alias("active_users"),
    )
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return pl.DataFrame(schema={**DIFFERENCES}).drop("from_usage_daily")
    # In the end, late or not: a check compares final figures.
    settled = activity.with_columns(pl.col("day").alias("known_on"))
    sliding = windows(settled, first, last).rename({"date": "day"})
    return pl.concat(
        frame.unpivot(on, index=key, variable_name="metric", value_name="from_events")
        for frame, on in (
            (daily, ["events", "active_users"]),
            (sliding, ["active_users_7d", "active_users_30d"]),
        )
    )


def _differences(
    versions: pl.DataFrame, named: pl.DataFrame, activity: pl.DataFrame
) -> pl.DataFrame:
    stated = _stated(versions, named)
    return (
        # Only where that day has events: without any, there is nothing to compare.
        stated.join(activity, on=["account_id", "day"], how="semi")
        .join(_measured(activity, stated["day"]), on=["account_id", "day", "metric"])
        .filter(pl.col("from_events") != pl.col("from_usage_daily"))
        .select(*DIFFERENCES)
        .sort("account_id", "day", "metric")
    )


def usage_daily(
    landed: pl.DataFrame,
    activity: pl.DataFrame,
    rules: ActivityRules,
    known_from: date,
    known_to: date,
) -> UsageDaily:
    """What the usage object adds to the days `known_from` to `known_to`.

    Args:
        landed: usage_daily, all versions, with account_id and user_id (null = whole account).
        activity: `ACTIVITY` rows of events known from `EVENTS_BACK` before `known_from` on.
        rules: features and core events.
        known_from: first day on which something became known.
        known_to: last such day.
    """
    known = _versions(landed).filter(pl.col("known_on") <= known_to)
    named = pl.concat(
        [_named(known, "event", event_map(rules)), _named(known, "feature", feature_map(rules))]
    )
    events_known = activity.filter(pl.col("known_on") <= known_to)
    new = pl.col("known_on") >= known_from
    alone = _without_events(named, events_known, known_from - EVENTS_BACK)
    volume = _volume(alone).filter(new)
    shown = named.group_by("source", "account_id", "day", "known_on").agg(
        pl.col("added").sum().alias("events")
    )
    given = known.filter(pl.col("metric").is_in(GIVEN_METRICS)).select(
        "source", "account_id", "day", "known_on", pl.lit(0, pl.Int64).alias("events")
    )
    source_days = (
        pl.concat([shown.select(*SOURCE_DAYS), given.select(*SOURCE_DAYS)])
        .filter(new)
        .group_by("source", "account_id", "day", "known_on")
        .agg(pl.col("events").sum())
        .sort("source", "account_id", "day", "known_on")
    )
    rolled = volume.group_by("account_id", "user_id", "day", "known_on").agg(
        pl.col("events", "core_events").sum(), pl.col("features").bitwise_or()
    )
    return UsageDaily(
        rolled.select(pl.col(name).cast(dtype) for name, dtype in ACTIVITY.items()).sort(
            "account_id", "user_id", "day", "known_on", nulls_last=True
        ),
        source_days,
        _given(known).filter(new),
        _differences(known.filter(new), named.filter(new), events_known),
    )

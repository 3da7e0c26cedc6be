"""Laws from events to scores: copies, order and lateness of events change no score they should not.

Every usage signal of the packaged model is measured on activity that was rolled up from events,
against its default knots.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.day import DayView, FeatureInfo
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.steps import score_days
from health_pipeline_tests.core.activity.observing import observe
from health_pipeline_tests.properties.test_activity_properties import (
    EVENTS,
    FIRST,
    LAST,
    RULES,
    event_frame,
    rolled,
)

MODEL = load_model(None)
ELSEWHERE = ("key_features", "integrations")
"""They look at the product's own features, and at another table."""

SPECS = tuple(
    spec
    for spec in MODEL.signals
    if spec.group == "value_use" and spec.weight and spec.name not in ELSEWHERE
)
RULES_OF_SCORE = MODEL.scoring.model_copy(update={"min_coverage": 0.0})
USE = MODEL.model_copy(update={"signals": SPECS, "scoring": RULES_OF_SCORE})
ACCOUNTS = ("acc_1", "acc_2")
DAYS = [FIRST + timedelta(days=n) for n in (5, 10, 19)]
FAR = LAST + timedelta(days=140)
"""Every window of any signal begins after the last event."""

NO_ROWS = pl.DataFrame(schema={"account_id": pl.String(), **SOURCE_TABLES["subscriptions"].schema})
FEATURES = tuple(FeatureInfo(f.name, bit, f.core) for bit, f in enumerate(RULES.features))


def people_on(day: date) -> pl.DataFrame:
    rows = [
        {"account_id": a, "plan": "Growth", "seats": 3, "starts_on": FIRST, "has_usage": True}
        for a in ACCOUNTS
    ]
    return pl.DataFrame(rows, schema=ACCOUNT_COLUMNS).with_columns(pl.lit(day).alias("date"))


def view(day: date, usage: pl.DataFrame) -> DayView:
    return DayView(
        day=day,
        accounts=people_on(day).drop("date"),
        windows=usage.filter(pl.col("date") == day).drop("date"),
        tables={"subscriptions": NO_ROWS},
        provided={"subscriptions": frozenset({"seats"})},
        features=FEATURES,
        usage_sources=frozenset({"app"}),
    )


def scores(activity: pl.DataFrame, days: list[date]) -> pl.DataFrame:
    """Scores, contributions and raw values of `days`, in one frame."""
    asked = pl.concat(people_on(day).select("account_id", "date") for day in days)
    usage = observe(activity, asked.with_columns(pl.col("date").alias("observed_on")))
    values = pl.concat(signal_values(view(day, usage), SPECS) for day in days)
    people = pl.concat(people_on(day) for day in days)
    segments = assign(people, USE.segments)
    knots = fit_baseline(values.clear(), segments.clear(), SPECS, USE.segments, LAST)
    found = score_days(
        USE,
        values=values,
        segments=segments,
        population=people,
        baseline=knots.with_columns(pl.lit("v").alias("model_version")),
        published=RESULT_TABLES["health_scores"].empty(),
        model_version="v",
        scored_at=House.now(),
    )
    told = found.contributions.join(
        found.health_scores.select("account_id", "date", "score", "tier"),
        on=["account_id", "date"],
    )
    return told.join(
        values.select("account_id", "date", "signal", "value"), on=["account_id", "date", "signal"]
    ).sort("date", "account_id", "signal")


def test_the_worlds_of_these_laws_are_scored() -> None:
    rows = [
        ("app", str(n), 24 * (n % 20) + n % 7, 0, "uv"[n % 2], "a", "workflow_run", "Reports", None)
        for n in range(30)
    ]
    found = scores(rolled([event_frame(rows)]).activity, DAYS)
    assert found["score"].is_not_null().any()
    assert found["value"].is_not_null().sum() > 6


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.floats(0, 0.5), st.randoms(use_true_random=False))
def test_copies_and_order_of_events_change_no_score(rows, share, random):
    again = random.sample(rows, len(rows)) + random.sample(rows, int(len(rows) * share))
    one, other = (rolled([event_frame(of)]).activity for of in (rows, again))
    assert scores(one, DAYS).equals(scores(other, DAYS))


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.sampled_from(DAYS))
def test_events_known_later_change_no_earlier_score(rows, day):
    whole = event_frame(rows)
    by_then = pl.max_horizontal("known_at", "occurred_at").dt.date() <= day
    days = [one for one in DAYS if one <= day]
    late, never = (rolled([frame]).activity for frame in (whole, whole.filter(by_then)))
    assert scores(late, days).equals(scores(never, days))


@settings(max_examples=15, deadline=None)
@given(EVENTS, st.integers(0, 10 * 24))
def test_lateness_is_forgotten_when_every_window_has_passed(rows, hours):
    """Then nothing but `known_on` tells that an event came late.

    Of users whose account was known all the time: who moves counts where he is when it is known.
    """
    rows = [row for row in rows if row[0] == "app" and row[4] != "v" and row[5] != "b"]
    at_once = event_frame([(*row[:3], 0, *row[4:]) for row in rows])
    late = event_frame([(*row[:3], hours, *row[4:]) for row in rows])
    through = LAST + timedelta(days=11)
    one, other = (rolled([frame], last=through).activity for frame in (at_once, late))
    of = ["account_id", "user_id", "day"]
    # Of one day some may be known a day later than others: their rows add up.
    figures = [pl.col("events", "core_events").sum(), pl.col("features").bitwise_or()]
    whole = [each.group_by(of).agg(figures).sort(of) for each in (one, other)]
    assert whole[0].equals(whole[1])
    assert scores(one, [FAR]).equals(scores(other, [FAR]))

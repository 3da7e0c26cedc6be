"""Events arrive late, twice, and on gap days not at all; aggregates agree with what they sum."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.sample.workforce import EVENT_NAMES, FEATURES

GAPS = [date(2024, 6, 12), date(2024, 10, 9), date(2025, 3, 12)]


def by_day(events: pl.DataFrame) -> dict[date, int]:
    return dict(events.group_by(pl.col("occurred_at").dt.date()).len().iter_rows())


def test_one_event_in_a_hundred_arrives_twice_and_only_its_arrival_differs(default):
    events = default.tables["events"]
    copies = events.filter(events["event_id"].is_duplicated())
    unique = events["event_id"].n_unique()
    assert 0.008 <= (events.height - unique) / unique <= 0.012
    assert copies.drop("received_at").n_unique() == copies["event_id"].n_unique()
    assert (
        copies.group_by("event_id").agg(pl.col("received_at").n_unique())["received_at"].min() == 2
    )


def test_arrival_follows_by_minutes_as_a_rule_and_by_days_for_some(default):
    events = default.tables["events"].unique("event_id", keep="first", maintain_order=True)
    delay = events["received_at"] - events["occurred_at"]
    assert delay.min() > timedelta(0)
    assert timedelta(minutes=1) < delay.median() < timedelta(minutes=10)
    assert 0.005 <= (delay > timedelta(days=1)).mean() <= 0.02


def test_the_product_delivers_nothing_on_gap_days_alone(default):
    counts = by_day(default.tables["events"])
    all_days = [date(2024, 4, 1) + timedelta(days=n) for n in range(456)]
    assert [day for day in all_days if not counts.get(day)] == GAPS
    assert not set(default.tables["usage_daily"]["day"]) & set(GAPS)


def test_a_week_of_tickets_is_lost(default):
    days = set(default.tables["tickets"]["opened_at"].dt.date())
    missing = [date(2024, 7, 8) + timedelta(days=n) for n in range(7)]
    assert not days & set(missing)
    assert {date(2024, 7, 5), date(2024, 7, 15), date(2024, 7, 16)} & days


def test_weekends_and_the_days_between_the_years_are_quiet(default):
    counts = by_day(default.tables["events"])
    tuesdays = [counts[date(2024, 12, 3) + timedelta(days=7 * n)] for n in (0, 1, 5, 6)]
    usual = sum(tuesdays) / 4
    assert counts[date(2024, 12, 7)] < 0.3 * usual
    assert counts[date(2024, 12, 26)] < 0.4 * usual


def test_the_base_grows(default):
    counts = by_day(default.tables["events"])
    first = sum(counts[date(2024, 4, 8) + timedelta(days=n)] for n in range(7))
    last = sum(counts[date(2025, 6, 16) + timedelta(days=n)] for n in range(7))
    assert 1.05 * first < last < 2 * first


def test_names_and_features_are_those_of_the_product_and_plans_hold(default):
    events = default.tables["events"]
    assert set(events["event_name"]) == set(EVENT_NAMES)
    assert set(events["feature"].drop_nulls()) == set(FEATURES)
    used = (
        events.join(
            default.truth.select("product_id", "plan"),
            left_on="source_account_id",
            right_on="product_id",
        )
        .select("plan", "feature")
        .unique()
    )
    assert set(used.filter(pl.col("feature") == "sso")["plan"]) == {"Enterprise"}
    assert set(used.filter(pl.col("feature") == "api")["plan"]) == {"Growth", "Enterprise"}


def test_an_account_sends_either_events_or_aggregates(default):
    daily = set(default.tables["usage_daily"]["source_account_id"])
    events = set(default.tables["events"]["source_account_id"].drop_nulls())
    assert not daily & events
    assert daily == set(default.truth.filter(~pl.col("sends_events"))["product_id"])


def test_aggregates_are_consistent(default):
    usage = default.tables["usage_daily"].pivot(
        "metric", index=["source_account_id", "day"], values="value"
    )
    in_order = usage.filter(
        (pl.col("active_users").fill_null(0) > pl.col("active_users_7d"))
        | (pl.col("active_users_7d").fill_null(0) > pl.col("active_users_30d"))
    )
    assert in_order.is_empty()
    assert (
        usage["event:workflow_run"].fill_null(0) == usage["feature:workflows"].fill_null(0)
    ).all()


def test_events_without_an_account_still_name_their_user_and_the_other_way_round(small):
    events = small.tables["events"]
    nameless = events.filter(
        pl.col("source_account_id").is_null() & pl.col("source_user_id").is_null()
    )
    assert nameless.is_empty()
    assert events["source_user_id"].null_count() > 0

"""The backtest on worlds with known truth."""

from __future__ import annotations

import time
from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.calibration.backtest import backtest, evaluated_rows
from health_pipeline.core.calibration.labels import NO_EVENT
from health_pipeline.core.calibration.params import BacktestRules
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.core.calibration.worlds import MONTH_ENDS, THROUGH, labels_of, panel

RULES = BacktestRules()


def figures(world: pl.DataFrame, labels: pl.DataFrame | None = None, rules=RULES) -> dict:
    """Rows by (segment, subject, metric)."""
    labels = labels_of(world) if labels is None else labels
    frame = backtest(world, labels, rules, "2026-02", "v1")
    assert frame.schema == RESULT_TABLES["backtests"].columns
    return {(r["segment"], r["subject"], r["metric"]): r for r in frame.iter_rows(named=True)}


@pytest.fixture(scope="module")
def knowing():
    return figures(panel())


FOUND = [
    ("a knowing score separates", ("score", "auc"), 0.85, 1.0),
    ("and does so among the accounts due", ("score", "auc_due"), 0.85, 1.0),
    ("average precision", ("score", "average_precision"), 0.5, 1.0),
    ("Kolmogorov–Smirnov", ("score", "ks"), 0.5, 1.0),
    ("seats are noise", ("seat_utilisation", "auc"), 0.42, 0.58),
    ("the score beats the seats", ("score_minus_seat_utilisation", "auc"), 0.25, 0.6),
    ("most churners were Red", ("red", "churners_red_before_leaving"), 0.7, 1.0),
    ("few stayers were, in the same days", ("red", "stayers_red_in_matched_window"), 0.0, 0.3),
    ("the difference", ("red", "red_churners_minus_stayers"), 0.5, 1.0),
    ("days from the first Red look", ("red", "lead_days_median"), 45, 60),
    ("recall at Red", ("red", "recall"), 0.6, 1.0),
    ("false alarms at Red", ("red", "false_positive_rate"), 0.0, 0.1),
    ("Red that stayed although due", ("red", "renewed_or_expanded"), 0.02, 0.2),
    ("churn rate of Green", ("green", "churn_rate"), 0.0, 0.05),
    ("churn rate of Red", ("red", "churn_rate"), 0.4, 1.0),
]


@pytest.mark.parametrize(("why", "key", "low", "high"), FOUND)
@pytest.mark.parametrize("segment", ["all", "s0"])
def test_a_score_that_knows(knowing, segment, why, key, low, high):
    row = knowing[(segment, *key)]
    assert low <= row["value"] <= high, (why, row)
    assert row["low"] <= row["value"] <= row["high"], (why, row)


def test_the_paired_difference_is_proven(knowing):
    assert knowing[("all", "score_minus_seat_utilisation", "auc")]["low"] > 0


def test_a_share_of_none_still_has_a_width(knowing):
    row = knowing[("all", "green", "churn_rate")]
    assert (row["value"], row["low"]) == (0, 0)
    assert 0.005 < row["high"] < 0.02, "Wilson over the accounts that were Green"


def test_a_score_of_noise_separates_nothing():
    found = figures(panel(power=0.0))
    auc = found[("all", "score", "auc")]
    assert auc["low"] < 0.5 < auc["high"]
    lift = found[("all", "red", "red_churners_minus_stayers")]
    assert lift["low"] < 0 < lift["high"]


def test_too_few_churners_give_no_number():
    found = figures(panel(n=120, churners=7))
    assert {row["value"] for row in found.values()} == {None}
    assert {row["low"] for row in found.values()} == {None}
    assert found[("all", "score", "auc")]["note"] == "not enough evidence: 7 churners, 20 needed"


def test_a_segment_below_the_limit_is_silent_beside_one_above_it(knowing):
    world = panel().with_columns(
        segment=pl.when(pl.col("account_id") < "a019").then(pl.lit("few")).otherwise(pl.lit("many"))
    )
    found = figures(world)
    assert found[("few", "score", "auc")]["value"] is None
    assert found[("many", "score", "auc")]["value"] > 0.85
    assert found[("all", "score", "auc")]["value"] == knowing[("all", "score", "auc")]["value"]


def test_seats_that_nobody_measures():
    world = panel().with_columns(seat_utilisation=pl.lit(None, dtype=pl.Float64))
    row = figures(world)[("all", "seat_utilisation", "auc")]
    assert (row["value"], row["note"]) == (None, "seat utilisation is not measured")


def test_without_a_churn_event_every_note_says_so():
    world = panel(n=40)
    found = figures(world, labels_of(world).clear())
    assert {row["note"] for row in found.values()} == {NO_EVENT}
    assert {row["value"] for row in found.values()} == {None}


def test_the_order_of_rows_changes_nothing(knowing):
    world = panel()
    mixed = figures(world.sample(fraction=1.0, shuffle=True, seed=1))
    assert mixed == knowing


SETTLED = [
    ("the whole horizon is known", THROUGH, {}, 11),
    ("a snapshot that only its churners could settle is left out", date(2026, 2, 27), {}, 10),
    ("only as many months as asked for", THROUGH, {"months": 3}, 3),
]


@pytest.mark.parametrize(("why", "through", "more", "snapshots"), SETTLED)
def test_which_snapshots_are_evaluated(why, through, more, snapshots):
    world = panel(n=80, churners=60)
    rows = evaluated_rows(world, labels_of(world, through), **({"months": 12} | more))
    assert rows["date"].n_unique() == snapshots, why
    assert set(rows["date"]) <= set(MONTH_ENDS), "weekly looks are no snapshots"


def test_rows_past_the_notice_are_left_out():
    world = panel(n=80, churners=60)
    notice = pl.when("churned_within_horizon").then(pl.col("effective_on") - timedelta(days=30))
    labels = labels_of(world).with_columns(notice_on=notice)
    rows = evaluated_rows(world, labels, 12).filter("churned_within_horizon")
    assert rows.height > 0
    assert rows.filter(pl.col("leave") - pl.col("date") <= timedelta(days=30)).is_empty()


def test_four_hundred_accounts_take_seconds():
    world = panel()
    labels = labels_of(world)
    started = time.process_time()
    backtest(world, labels, RULES, "2026-02", "v1")
    assert time.process_time() - started < 10

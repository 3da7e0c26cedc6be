"""The window before leaving: its edges, the notice, and whom it is laid over."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.calibration.params import BacktestRules
from health_pipeline.core.calibration.windows import STAYERS_PER_CHURNER, red_windows
from health_pipeline_tests.core.calibration.worlds import labels_of, panel

RULES = BacktestRules()
LEAVE = date(2025, 6, 30)


def one_churner(red_at: int, notice: int | None = None) -> pl.DataFrame:
    """Windows of an account leaving on LEAVE, looked at daily, Red only `red_at` days before."""
    days = [LEAVE - timedelta(days=n) for n in range(120, 0, -1)]
    looks = pl.DataFrame({"date": days}).with_columns(
        account_id=pl.lit("a"),
        segment=pl.lit("s"),
        score=pl.lit(50.0),
        red=pl.col("date") == LEAVE - timedelta(days=red_at),
    )
    labels = pl.DataFrame(
        {
            "account_id": ["a"],
            "churned_within_horizon": [True],
            "effective_on": [LEAVE],
            "notice_on": [None if notice is None else LEAVE - timedelta(days=notice)],
        },
        schema_overrides={"notice_on": pl.Date},
    )
    return red_windows(looks, labels, RULES)


EDGES = [
    ("the day before leaving", 1, None, True, 1),
    ("sixty days before", 60, None, True, 60),
    ("one day too early", 61, None, False, None),
    ("after the notice is too late to help", 20, 30, False, None),
    ("lead time counts from the notice", 40, 30, True, 10),
    ("sixty days before the notice", 90, 30, True, 60),
]


@pytest.mark.parametrize(("why", "red_at", "notice", "red", "lead"), EDGES)
def test_edges_of_the_window(why, red_at, notice, red, lead):
    row = one_churner(red_at, notice).row(0, named=True)
    assert (row["red"], row["lead_days"]) == (red, lead), why


def test_stayers_share_segment_and_days_and_never_leave():
    world = panel(n=200, churners=30)
    labels = labels_of(world)
    windows = red_windows(world, labels, RULES)
    churners = set(windows.filter("churner")["account_id"])
    stayers = windows.filter(~pl.col("churner"))
    assert len(churners) == 30
    assert stayers.height == 30 * STAYERS_PER_CHURNER
    assert not churners & set(stayers["account_id"])
    segment_of = dict(world.select("account_id", "segment").unique().iter_rows())
    assert all(segment_of[a] == s for a, s in stayers.select("account_id", "segment").iter_rows())


def test_the_draw_repeats_by_seed_and_not_by_order():
    world = panel(n=200, churners=30)
    labels = labels_of(world)
    first = red_windows(world, labels, RULES)
    mixed = red_windows(world.sample(fraction=1.0, shuffle=True, seed=2), labels, RULES)
    other = red_windows(world, labels, BacktestRules(seed=8))
    assert first.equals(mixed)
    assert not first.equals(other)


def test_a_stayer_under_notice_is_no_stayer():
    world = panel(n=60, churners=30)
    told = labels_of(world).with_columns(
        notice_on=pl.when(pl.col("account_id") == "a059").then(pl.col("date"))
    )
    assert "a059" not in set(red_windows(world, told, RULES)["account_id"])


def test_unscored_looks_are_no_looks():
    world = panel(n=60, churners=30).with_columns(score=pl.lit(None, dtype=pl.Float64))
    assert red_windows(world, labels_of(world), RULES).is_empty()

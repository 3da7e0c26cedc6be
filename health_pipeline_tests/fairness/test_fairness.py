"""Red shares do not depend on how a plan is used, only on how its customers are (R60–R62)."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline_tests.fairness.table import ACCOUNTS_A_PLAN, SEED, every_way, markdown
from health_pipeline_tests.fairness.world import UNHEALTHY, UTILISATION, by_segment, fair_world, gap

FAIR = 5.0
"""Points between the Red shares of two plans (science.md, promotion of a challenger)."""

PAGE = Path(__file__).parents[2] / "docs" / "segments.md"


@pytest.fixture(scope="module", params=[1, 2, 3, SEED])
def judged(request):
    return every_way(request.param, ACCOUNTS_A_PLAN if request.param == SEED else 1_000)


def test_by_segment_red_shares_are_alike(judged):
    assert gap(judged["knots of each segment"]) <= FAIR
    assert gap(judged["the default model as it is"]) <= FAIR


def test_with_one_threshold_they_are_not(judged):
    shares = judged["one threshold for all"]
    assert gap(shares) > 4 * FAIR
    red = dict(shares.select("plan", "red").iter_rows())
    assert red["Enterprise"] > red["Growth"] > red["Starter"]


def test_fairness_does_not_come_from_alarming_at_random(judged):
    """Most of the unhealthy are Red in each plan, and few of the healthy."""
    shares = judged["knots of each segment"]
    assert shares["found"].min() > 0.75
    assert shares["false_alarms"].max() < 0.15


def test_the_world_is_what_it_says():
    world = fair_world(SEED, 1_000)
    known = world.values.join(world.accounts, on=["account_id", "date"])
    shares = world.accounts.group_by("plan").agg(pl.col("unhealthy").mean(), pl.len())
    assert shares["len"].to_list() == [1_000] * 3
    assert shares["unhealthy"].to_list() == [UNHEALTHY] * 3
    active = known.filter((pl.col("signal") == "seats_active_30d") & ~pl.col("unhealthy"))
    medians = dict(active.group_by("plan").agg(pl.col("value").median()).iter_rows())
    assert medians == pytest.approx({"Starter": 80, "Growth": 60, "Enterprise": 42}, abs=2)
    assert {spec.name for spec in by_segment(load_model(None))} == set(UTILISATION)
    assert fair_world(SEED, 1_000).values.equals(world.values), "the seed repeats"


def test_the_page_shows_what_is_measured():
    """Figures of another machine may differ in the last digit, so a point is allowed."""
    printed, found = PAGE.read_text(encoding="utf-8"), every_way(SEED, ACCOUNTS_A_PLAN)
    for line in markdown(found).splitlines()[2:]:
        way = line.split(" | ")[0]
        (stood,) = (row for row in printed.splitlines() if row.startswith(way))
        figures = [
            [float(number) for number in re.findall(r"[\d.]+", row[len(way) :])]
            for row in (line, stood)
        ]
        assert figures[1] == pytest.approx(figures[0], abs=1.0), way

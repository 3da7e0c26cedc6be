"""A source that falls silent moves no tier, is named, and is forgotten when it speaks again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.adapters.sample import write
from health_pipeline.adapters.sample.tables import cut
from health_pipeline.core.schemas.time import days_between
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import small
from health_pipeline_tests.end_to_end.shell import Place

SILENT_FROM = END - timedelta(days=7)
"""The product sends nothing more from here on; every other source goes on."""

DOWN_FROM = SILENT_FROM + timedelta(days=3)
"""Its newest day is then older than `outage_days`."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home, world = tmp_path_factory.mktemp("outage"), small(END)
    place = Place(home, home / "sources")

    def hand_in(folder, product_through):
        tables = {
            name: cut(name, rows, product_through if name in ("events", "usage_daily") else END)
            for name, rows in world.tables.items()
        }
        write(replace(world, tables=tables), folder, home / f"{folder.name}_truth")

    hand_in(place.sources, SILENT_FROM - timedelta(days=1))
    place.told = place.run_days(SILENT_FROM - timedelta(days=3), END)
    assert place.told.code == 0, place.told.err
    place.first = place.table("health_scores")
    place.silent = place.table("outages")
    hand_in(home / "whole", END)
    place.sources = home / "whole"
    assert place.run_days(END + timedelta(days=1), END + timedelta(days=1)).code == 0
    return place


def test_the_outage_is_named_from_the_day_on_which_it_is_one(place):
    usage = place.silent.filter(pl.col("source") == "usage")
    assert usage["date"].to_list() == days_between(DOWN_FROM, END)
    assert usage["since"].unique().to_list() == [SILENT_FROM]
    assert usage["freezes"].all()


def test_the_summary_of_the_run_names_it(place):
    resting = place.first.filter((pl.col("date") == END) & pl.col("frozen_by").is_not_null())
    line = f"Silent since {SILENT_FROM}: usage, which told of {resting.height:,} customers"
    assert line in place.told.out
    assert "their tiers rest" in place.told.out


def test_tiers_rest_while_it_lasts(place):
    resting = place.first.filter(pl.col("frozen_by").is_not_null())
    assert resting.height > 0
    assert resting["date"].min() == DOWN_FROM
    assert set(resting["frozen_by"]) == {"usage"}
    before = place.first.filter(pl.col("date") == DOWN_FROM - timedelta(days=1))
    moved = resting.join(before, on="account_id", suffix="_before").filter(
        (pl.col("tier") != pl.col("tier_before")) & (pl.col("tier") != "unscored")
    )
    assert moved.is_empty(), moved


def test_the_scores_themselves_go_on(place):
    """What rests is the tier; the number and its coverage say what is known."""
    scored = place.first.filter(pl.col("frozen_by").is_not_null())
    assert (scored["coverage"] < 1).any()
    assert scored["score"].is_not_null().any()


def test_it_ends_when_the_source_speaks_again(place):
    day = END + timedelta(days=1)
    silent = place.table("outages").filter(pl.col("date") == day)
    assert "usage" not in silent["source"].to_list()
    back = place.table("health_scores").filter(pl.col("date") == day)
    assert back["frozen_by"].null_count() == back.height

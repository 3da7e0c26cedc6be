"""`health explain --show-work`: a person with a calculator gets every published score (R74)."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from health_pipeline.core.explanation.work import Section
from health_pipeline_tests.end_to_end.conftest import END, FIRST
from health_pipeline_tests.end_to_end.shell import health
from health_pipeline_tests.worked import reckoned


def explain(place, *args):
    told = health("explain", "--show-work", "--lake", place.lake, *args)
    assert told.code == 0, told.err
    return told.out


def sections_of(printed):
    return [
        Section(
            one["title"],
            tuple(one["columns"]),
            tuple(tuple(row) for row in one["rows"]),
            tuple(one["lines"]),
        )
        for one in json.loads(printed)["work"]
    ]


def published(place, day):
    return place.sql(f"from health_scores where date = '{day}' order by account_id")


@pytest.mark.parametrize("day", [FIRST, END], ids=["the first scored day", "a week later"])
def test_every_score_can_be_reckoned(day, finished):
    rows = published(finished, day)
    assert rows["score"].count() > 20
    for row in rows.iter_rows(named=True):
        found = reckoned(sections_of(explain(finished, row["account_id"], "--date", day, "--json")))
        assert found.score == (row["score"] and pytest.approx(row["score"], abs=1e-6))
        assert found.coverage == pytest.approx(row["coverage"], abs=2e-6)
        assert (found.raw_tier, found.tier) == (row["tier_by_score"], row["tier"])


def test_people_see_the_same(finished):
    account = published(finished, END).drop_nulls("score")["account_id"][0]
    printed = explain(finished, account)
    for section in sections_of(explain(finished, account, "--json")):
        assert section.title in printed
        for text in (*(cell for row in section.rows for cell in row), *section.lines):
            assert text in printed


def test_without_it_nothing_is_added(finished):
    account = published(finished, END)["account_id"][0]
    told = health("explain", "--lake", finished.lake, account, "--json")
    assert "work" not in json.loads(told.out)


def test_another_model_is_not_taken_for_the_one_that_scored(finished, tmp_path):
    """Its weights would give another score than the one that is explained."""
    other = tmp_path / "model"
    other.mkdir()
    rules = (files("health_pipeline") / "model" / "scoring.yaml").read_text(encoding="utf-8")
    (other / "scoring.yaml").write_text(rules.replace("big_fall: 15", "big_fall: 14"))
    account = published(finished, END)["account_id"][0]
    told = health("explain", "--show-work", "--lake", finished.lake, "--model", other, account)
    assert told.code == 2
    assert "which is not the model at hand: name its folder with --model" in told.err

"""The shown work of a small world: a golden file, and a calculator that gets the same."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.core.explanation.tier_work import (
    Asked,
    Judged,
    count_question,
    risk_question,
    value_question,
)
from health_pipeline.core.explanation.work import markdown, work
from health_pipeline.core.scoring.display import shown_parts
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.core.segments.params import SegmentRules
from health_pipeline_tests.core.scoring.world import (
    DAY,
    DOWN,
    RULES,
    UP,
    accounts,
    scored,
    spec,
    values,
)
from health_pipeline_tests.worked import reckoned

GOLDEN = Path(__file__).parents[2] / "golden" / "worked_example.md"
SPECS = [
    spec("breadth", 12.0, knots=UP, unit="share"),
    spec("depth", 20.0, knots="fit", unit="events"),
    spec("late", 25.0, knots=DOWN, higher_is_better=False, unit="days", group="delivery"),
    spec("mood", 5.5, knots=(1.0, 3.0, 4.0, 5.0), ttl_days=90.0, half_life_days=90.0),
    spec("pay", 3.0),
    spec("seats", 7.0),
    spec("trend", 10.0, knots=(-0.5, -0.12, -0.04, 0.05), unit="log points"),
]
READ = [
    # signal, value, status, age in days
    ("breadth", 0.575, "measured", 0),
    ("depth", 100 / 3, "measured", 10),
    ("late", 3.5, "measured", 0),
    ("mood", 5.0, "measured", 40),
    ("pay", None, "not_applicable", 0),
    ("seats", 70.0, "measured", 30),
    ("trend", -0.31, "measured", 1),
]
NAMES = ("core_in_risk", "late", "unhappy", "seats_idle")


def _found(read):
    rows = values([("a", name, value, status) for name, value, status, _ in read])
    ages = pl.DataFrame({"signal": [row[0] for row in read], "age": [row[3] for row in read]})
    seen = pl.col("observed_on") - pl.duration(days=pl.col("age"))
    return rows.join(ages, on="signal").with_columns(seen.cast(pl.Date)).drop("age")


def _world(read):
    """Score, drivers and subscores of account "a", 40 others being the norm."""
    people = accounts([{"account_id": "a", "arr": 1.0}])
    crowd = [(f"p{i}", "depth", float(i * i) / 7, "measured") for i in range(40)]
    others = accounts([{"account_id": f"p{i}"} for i in range(40)])
    rules = SegmentRules()
    baseline = fit_baseline(values(crowd), assign(others, rules), SPECS, rules, DAY)
    found = scored(_found(read), people, SPECS, baseline=baseline)
    signals = normalise(_found(read), assign(people, rules), baseline, SPECS)
    raw = found.raw.row(0, named=True)
    drivers = found.contributions.join(
        signals.select("signal", "value", "unit", "freshness_hours"), on="signal", how="left"
    ).join(baseline.select("signal", "k0", "k60", "k80", "k100"), on="signal", how="left")
    tier = raw["tier_by_score"] or "unscored"
    score = {**raw, "held_tier": raw["tier_by_score"], "tier": tier, "tier_since": DAY}
    return score, drivers.sort("group", "signal")


def _judged(score, **changes):
    fields = {
        "tiers": (("red", 0.0, 60.0), ("yellow", 60.0, 80.0), ("green", 80.0, 100.0)),
        "band": 2.0,
        "big_fall": 15.0,
        "fall_days": 7,
        "min_coverage": RULES.min_coverage,
        "asked": (
            Asked("core_in_risk", risk_question("breadth", 70.0, 60.0), fires=False, cap="yellow"),
            Asked("late", value_question("late", 3.5, "above", 0.0), fires=True, cap="yellow"),
            Asked("unhappy", value_question("mood", 5.0, "below", 3.0), fires=False, cap="red"),
            Asked("seats_idle", risk_question("seats", None, 60.0), fires=None, cap="red"),
            Asked("two", count_question(NAMES, 1, 2), fires=False, cap="red"),
        ),
        "held_before": "yellow",
        "seen_before": DAY - timedelta(days=1),
        "peak": (score["score"] or 0.0) + 4.25,
        "hard": False,
    }
    return Judged(**{**fields, **changes})


def _sections(read, **changes):
    score, drivers = _world(read)
    shown = None
    if score["score"] is not None:
        shown = shown_parts(drivers["points"].to_list(), score["score"], 4)
    return score, work(score, drivers, SPECS, shown, _judged(score, **changes))


def test_the_page_is_the_golden_one():
    """`WRITE_GOLDEN=1 pytest …` writes it anew."""
    _, sections = _sections(READ)
    page = markdown("How a got its score", sections) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_a_calculator_gets_the_same():
    score, sections = _sections(READ)
    found = reckoned(sections)
    assert found.score == pytest.approx(score["score"], abs=1e-6)
    assert found.coverage == pytest.approx(score["coverage"], abs=1e-6)
    assert (found.raw_tier, found.tier) == ("yellow", "yellow")


UNSCORED = [
    ("too little is measured", [*READ[:1], *((n, None, "missing", 0) for n, *_ in READ[1:])]),
    ("nothing is measured", [(name, None, "missing", 0) for name, *_ in READ]),
    ("nothing applies", [(name, None, "not_applicable", 0) for name, *_ in READ]),
]


@pytest.mark.parametrize(("why", "read"), UNSCORED, ids=[c[0] for c in UNSCORED])
def test_unscored(why, read):
    score, sections = _sections(read)
    assert score["score"] is None, why
    if read[0][2] != "measured":
        assert sections[1].lines == ("Σ w of what is observed = 0 = 0",)
    assert sections[4].lines == ("Tier: unscored, because there is no score",)
    assert sections[2].lines[1] == "Coverage is below 0.6: unscored"


SILENT = [
    # why, status of mood, its age in days, what its row of the coverage says
    ("faded", "stale", 200, "0: stale"),
    ("faded since it was scored", "measured", 200, "0: stale"),
    (
        "hardly faded, yet too old for its kind",
        "stale",
        95,
        "0: stale, older than the signal takes",
    ),
    ("never seen", "missing", None, "0: missing"),
]


@pytest.mark.parametrize(("why", "status", "age", "term"), SILENT, ids=[c[0] for c in SILENT])
def test_what_is_not_observed_says_why(why, status, age, term):
    mood = ("mood", None if age is None else 5.0, status, age)
    _, sections = _sections([mood if row[0] == "mood" else row for row in READ])
    assert {row[0]: row[3] for row in sections[2].rows}["mood"] == term, why


HELD = [
    # why, what surrounds the tier, the line that says it
    ("first day", {"held_before": None, "peak": None}, "No held tier before: it starts at the"),
    (
        "red can only be left upwards",
        {"held_before": "red"},
        "red, left up at 60 + 2 = 62 or above;",
    ),
    (
        "yellow has two borders",
        {},
        "yellow, left down at 60 − 2 = 58 or below and up at 80 + 2 = 82 or above;",
    ),
    ("green can only be left downwards", {"held_before": "green"}, "left down at 80 − 2 = 78 or"),
    ("a hard event", {"hard": True}, "Hard event: yes"),
    ("a small fall", {}, "= 4.25 < 15"),
    ("a big fall", {"peak": 99.0}, "≥ 15: at once to the raw tier"),
    ("no gate", {"asked": ()}, "Cap of the gates: none fires"),
]


@pytest.mark.parametrize(("why", "around", "said"), HELD, ids=[c[0] for c in HELD])
def test_how_a_tier_is_held(why, around, said):
    _, sections = _sections(READ, **around)
    assert any(said in line for line in sections[4].lines), why


RESTS = [
    # why, what surrounds the tier, whether it rests
    ("a source is down", {}, True),
    ("a hard event still acts", {"hard": True}, False),
    ("nothing was held before", {"held_before": None}, False),
]


@pytest.mark.parametrize(("why", "around", "rests"), RESTS, ids=[c[0] for c in RESTS])
def test_a_silent_source(why, around, rests):
    score, drivers = _world(READ)
    shown = shown_parts(drivers["points"].to_list(), score["score"], 4)
    silent = {**score, "frozen_by": "usage"}
    lines = work(silent, drivers, SPECS, shown, _judged(score, **around))[4].lines
    assert ("Down: usage; both tiers stay as they were" in lines) is rests, why
    assert (f"Tier: yellow, as it was, since {DAY}" in lines) is rests


def test_a_bar_does_not_end_a_cell():
    _, (one, *_) = _sections(READ)
    rows = (("a|b", *one.rows[0][1:]),)
    assert "| a\\|b | " in markdown("t", [type(one)(one.title, one.columns, rows)])

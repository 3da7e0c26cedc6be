from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.core.segments.params import SegmentRule, SegmentRules
from health_pipeline_tests.core.scoring.world import DAY, DOWN, UP, accounts, spec, values

SPECS = [spec("up", knots=UP, unit="%"), spec("down", knots=DOWN, higher_is_better=False, unit="d")]
PEOPLE = accounts([{"account_id": "a"}, {"account_id": "b"}])
SEGMENTS = assign(PEOPLE, SegmentRules())
NOBODY = fit_baseline(values([]), SEGMENTS, SPECS, SegmentRules(), DAY)


def test_each_signal_in_its_direction_and_unit():
    rows = values(
        [
            ("a", "up", 0.575, "measured"),
            ("a", "down", 9.5, "measured"),
            ("b", "up", None, "missing"),
            ("b", "down", None, "not_applicable"),
        ]
    )
    found = normalise(rows, SEGMENTS, NOBODY, SPECS)
    assert dict(found.schema) == RESULT_TABLES["signals"].columns
    assert found.select("account_id", "signal", "unit", "status", "subscore").rows() == [
        ("a", "down", "d", "measured", pytest.approx(30.0)),
        ("a", "up", "%", "measured", pytest.approx(70.0)),
        ("b", "down", "d", "not_applicable", None),
        ("b", "up", "%", "missing", None),
    ]


def test_a_stale_value_keeps_its_value_and_age_but_has_no_subscore():
    old = values([("a", "up", 0.9, "stale")]).with_columns(
        observed_on=pl.lit(DAY - timedelta(days=20))
    )
    (row,) = normalise(old, SEGMENTS, NOBODY, SPECS).to_dicts()
    assert (row["status"], row["value"], row["subscore"]) == ("stale", 0.9, None)
    assert row["freshness_hours"] == 480.0


def test_accounts_stand_against_their_own_segment():
    rules = SegmentRules(segments=(SegmentRule(name="growth", match={"plan": ("Growth",)}),))
    people = accounts(
        [{"account_id": f"g{i:03}", "plan": "Growth"} for i in range(100)]
        + [{"account_id": f"s{i:03}", "plan": "Starter"} for i in range(100)]
    )
    rows = values(
        [(f"g{i:03}", "x", 2.0 * i, "measured") for i in range(100)]
        + [(f"s{i:03}", "x", 1.0 * i, "measured") for i in range(100)]
    )
    segments, specs = assign(people, rules), [spec("x", knots="fit")]
    baseline = fit_baseline(rows, segments, specs, rules, DAY)
    found = normalise(rows, segments, baseline, specs)
    same = found.filter(pl.col("value") == 60.0)
    assert same.select("account_id", "segment_baseline").rows() == [("g030", 99.0), ("s060", 49.5)]
    growth, starter = same["subscore"]
    assert growth < starter


def test_flat_knots_divide_nothing_by_zero():
    people = accounts([{"account_id": f"a{i:02}"} for i in range(40)])
    segments, specs = assign(people, SegmentRules()), [spec("x", knots="fit")]
    equal = values([(f"a{i:02}", "x", 5.0, "measured") for i in range(40)])
    baseline = fit_baseline(equal, segments, specs, SegmentRules(), DAY)
    assert normalise(equal, segments, baseline, specs)["subscore"].to_list() == [100.0] * 40
    below = values([("a00", "x", 4.9, "measured")])
    assert normalise(below, segments, baseline, specs)["subscore"].to_list() == [0.0]


def test_a_segment_of_one_account_finds_its_knots():
    rules = SegmentRules(segments=(SegmentRule(name="alone", match={"plan": ("Growth",)}),))
    segments = assign(accounts([{"account_id": "a", "plan": "Growth"}]), rules)
    row = values([("a", "up", 0.45, "measured")])
    baseline = fit_baseline(row, segments, SPECS, rules, DAY)
    assert normalise(row, segments, baseline, SPECS)["subscore"].to_list() == [pytest.approx(60.0)]


def test_no_values():
    found = normalise(values([]), SEGMENTS, NOBODY, SPECS)
    assert found.is_empty()
    assert dict(found.schema) == RESULT_TABLES["signals"].columns


ONE = values([("a", "up", 0.5, "measured")])
REFUSED = [
    ("unknown signal", values([("a", "?", 1.0, "measured")]), SEGMENTS, NOBODY, "has no spec"),
    ("no segment", values([("z", "up", 1.0, "measured")]), SEGMENTS, NOBODY, "has no segment"),
    ("no knots", ONE, SEGMENTS, NOBODY.clear(), "has no knots"),
    (
        "no date",
        ONE.with_columns(observed_on=pl.lit(None, pl.Date())),
        SEGMENTS,
        NOBODY,
        "observed",
    ),
    ("NaN", values([("a", "up", float("nan"), "measured")]), SEGMENTS, NOBODY, "finite number"),
    ("two baselines", ONE, SEGMENTS, pl.concat([NOBODY, NOBODY]), "one model version"),
    (
        "another day",
        ONE.with_columns(date=pl.lit(date(2026, 4, 1))),
        SEGMENTS,
        NOBODY,
        "no segment",
    ),
]


@pytest.mark.parametrize(
    ("why", "rows", "segments", "baseline", "words"), REFUSED, ids=[case[0] for case in REFUSED]
)
def test_refused(why, rows, segments, baseline, words):
    with pytest.raises(ValueError, match=words):
        normalise(rows, segments, baseline, SPECS)

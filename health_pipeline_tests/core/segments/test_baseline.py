from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import BASELINE, fit_baseline
from health_pipeline.core.segments.params import SegmentRule, SegmentRules
from health_pipeline_tests.core.scoring.world import DAY, UP, accounts, spec, values

RULES = SegmentRules(
    segments=(
        SegmentRule(name="ent_emea", match={"plan": ("Enterprise",), "region": ("EMEA",)}),
        SegmentRule(name="growth", match={"plan": ("Growth",)}),
        SegmentRule(name="apac", match={"region": ("APAC",)}),
    ),
)
FITTED = spec("s", knots="fit")


def _fit(groups, specs=(FITTED,), rules=RULES):
    """groups: (plan, region, values) of measured accounts."""
    people, rows = [], []
    for plan, region, numbers in groups:
        for number in numbers:
            name = f"a{len(people):04}"
            people.append({"account_id": name, "plan": plan, "region": region})
            rows += [(name, one.name, number, "measured") for one in specs]
    segments = assign(accounts(people), rules)
    return fit_baseline(values(rows), segments, specs, rules, DAY)


def _knots(baseline, segment):
    row = baseline.row(by_predicate=pl.col("segment") == segment, named=True)
    return np.array([row["k0"], row["k60"], row["k80"], row["k100"]])


def test_every_segment_and_signal_has_a_row_even_without_accounts():
    specs = [FITTED, spec("t", knots=UP)]
    baseline = _fit([], specs)
    assert dict(baseline.schema) == BASELINE
    assert baseline.select("segment", "signal").rows() == [
        (segment, signal)
        for segment in ("apac", "default", "ent_emea", "growth")
        for signal in ("s", "t")
    ]
    assert baseline["n"].to_list() == [0] * 8
    assert baseline["median"].to_list() == [None] * 8
    assert baseline["reference"].to_list() == pytest.approx([70.0] * 8)
    assert baseline["borrowed"].all()
    assert baseline["fitted_through"].unique().to_list() == [DAY]


def test_hierarchy_global_plan_segment():
    everyone = np.arange(100.0)
    baseline = _fit(
        [
            ("Starter", "AMER", everyone),
            ("Enterprise", "AMER", [500.0] * 40),
            ("Enterprise", "EMEA", [900.0] * 20),
        ]
    )
    pooled = np.concatenate([everyone, [500.0] * 40, [900.0] * 20])
    q = np.quantile(pooled, (0.02, 0.10, 0.30, 0.60, 0.90))
    root = np.array([q[0], q[1] + 0.8 * (q[2] - q[1]), q[2] + 0.75 * (q[3] - q[2]), q[4]])
    own_plan = np.quantile([500.0] * 40 + [900.0] * 20, (0.02, 0.10, 0.30, 0.60, 0.90))
    assert own_plan.tolist() == [500.0] * 4 + [900.0]
    plan = (60 * np.array([500.0, 500.0, 500.0, 900.0]) + 60 * root) / 120
    assert _knots(baseline, "ent_emea") == pytest.approx((20 * 900.0 + 60 * plan) / 80)
    # "growth" and "apac" have nobody: the level above, which is everyone.
    assert _knots(baseline, "growth") == pytest.approx(root)
    assert _knots(baseline, "apac") == pytest.approx(root)


def test_a_segment_that_is_its_whole_plan_is_shrunk_once():
    baseline = _fit([("Starter", "AMER", [60.0] * 2000), ("Growth", "AMER", [35.0] * 20)])
    assert _knots(baseline, "growth") == pytest.approx([53.75] * 4)


@pytest.mark.parametrize(
    ("n", "borrowed", "moved"), [(1, True, False), (4, True, False), (5, True, True)]
)
def test_small_segments_borrow(n, borrowed, moved):
    baseline = _fit([("Starter", "AMER", [60.0] * 400), ("Growth", "AMER", [35.0] * n)])
    row = baseline.row(by_predicate=pl.col("segment") == "growth", named=True)
    assert (row["n"], row["borrowed"], row["k60"] != 60.0) == (n, borrowed, moved)
    assert row["median"] == 35.0


@pytest.mark.parametrize(
    ("n", "min_accounts", "borrowed"),
    [(29, 5, True), (30, 5, False), (39, 40, True), (40, 40, False)],
)
def test_from_thirty_accounts_on_nothing_is_marked(n, min_accounts, borrowed):
    rules = RULES.model_copy(update={"min_accounts": min_accounts})
    groups = [("Starter", "AMER", [60.0] * 400), ("Growth", "AMER", [35.0] * n)]
    baseline = _fit(groups, rules=rules)
    assert baseline.filter(pl.col("segment") == "growth")["borrowed"].to_list() == [borrowed]


def test_literal_knots_are_the_same_everywhere_and_the_reference_is_not():
    literal = spec("s", knots=(0.0, 60.0, 80.0, 100.0))
    baseline = _fit([("Starter", "AMER", [80.0] * 100), ("Growth", "AMER", [40.0] * 60)], [literal])
    for segment in baseline["segment"]:
        assert _knots(baseline, segment).tolist() == [0.0, 60.0, 80.0, 100.0]
    references = dict(baseline.select("segment", "reference").iter_rows())
    assert references == pytest.approx(
        # everyone's median is 80; growth: (60 · 40 + 60 · 80) / 120
        {"default": 80.0, "growth": 60.0, "ent_emea": 80.0, "apac": 80.0}
    )


def test_equal_values_have_flat_knots_and_a_reference():
    row = _fit([("Starter", "AMER", [5.0] * 50)]).row(
        by_predicate=pl.col("segment") == "default", named=True
    )
    assert [row["k0"], row["k60"], row["k80"], row["k100"]] == [5.0] * 4
    assert row["reference"] == 100.0


def test_only_measured_values_count():
    people = accounts([{"account_id": f"a{i}"} for i in range(80)])
    rows = [(f"a{i}", "s", 10.0, "measured") for i in range(40)]
    rows += [(f"a{i}", "s", 1e6, "stale") for i in range(40, 60)]
    rows += [(f"a{i}", "s", None, "missing") for i in range(60, 80)]
    rules = SegmentRules()
    (row,) = fit_baseline(values(rows), assign(people, rules), [FITTED], rules, DAY).to_dicts()
    assert (row["n"], row["k100"], row["median"]) == (40, 10.0, 10.0)


def test_two_days_are_refused():
    rules = SegmentRules()
    two = pl.concat(
        [
            values([("a", "s", 1.0, "measured")]),
            values([("a", "s", 1.0, "measured")], date(2026, 4, 1)),
        ]
    )
    with pytest.raises(ValueError, match="span 2026-03-31 to 2026-04-01"):
        fit_baseline(two, assign(accounts([]), rules), [FITTED], rules, DAY)


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), None])
def test_a_measured_value_is_finite(broken):
    rules = SegmentRules()
    rows = values([("a", "s", broken, "measured")])
    with pytest.raises(ValueError, match="signal 's' of account 'a' on 2026-03-31"):
        fit_baseline(rows, assign(accounts([{"account_id": "a"}]), rules), [FITTED], rules, DAY)

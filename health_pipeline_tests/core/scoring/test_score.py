from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.score import score
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.core.segments.params import Band, SegmentRule, SegmentRules
from health_pipeline_tests.core.scoring.world import (
    DAY,
    NO_HISTORY,
    RULES,
    accounts,
    scored,
    spec,
    values,
)

NAMES = ("s1", "s2", "s3", "s4")
WEIGHTS = (40.0, 25.0, 20.0, 15.0)
# Literal knots 0/60/80/100 make a value its own subscore.
FOUR = [
    spec(name, weight, group="value_use" if name < "s3" else "delivery")
    for name, weight in zip(NAMES, WEIGHTS, strict=True)
]
ONE = accounts([{"account_id": "a", "arr": 1000.0}])


def _rows(subscores, absent="missing"):
    return values(
        ("a", name, s, "measured" if s is not None else absent)
        for name, s in zip(NAMES, subscores, strict=True)
    )


def _references(references):
    segments = assign(ONE, SegmentRules())
    baseline = fit_baseline(values([]), segments, FOUR, SegmentRules(), DAY)
    return baseline.sort("signal").with_columns(reference=pl.Series(references))


def test_missing_known_answer():
    found = scored(_rows([50.0, 90.0, None, 70.0]), ONE, FOUR)
    assert found.raw["score"].item() == pytest.approx(66.25)
    assert found.raw["coverage"].item() == pytest.approx(0.80)
    assert found.raw["tier_by_score"].item() == "yellow"
    assert found.contributions["weight"].to_list() == pytest.approx([0.5, 0.3125, 0, 0.1875])
    assert found.contributions["status"].to_list() == [
        "measured",
        "measured",
        "missing",
        "measured",
    ]
    assert found.contributions["subscore"].to_list() == [50.0, 90.0, None, 70.0]
    assert found.contributions["points"].sum() == pytest.approx(66.25, abs=1e-9)
    assert found.contributions["points"].to_list()[2] == 0.0


def test_contributions_known_answer():
    baseline = _references([70.0, 65.0, 75.0, 68.0])
    found = scored(_rows([80.0, 60.0, 90.0, 70.0]), ONE, FOUR, baseline=baseline)
    against = found.contributions["points_vs_reference"]
    assert against.to_list() == pytest.approx([4.0, -1.25, 3.0, 0.3])
    assert against.sum() == pytest.approx(6.05)
    assert dict(found.contributions.schema) == RESULT_TABLES["contributions"].columns


@pytest.mark.parametrize(("age", "freshness"), [(0, 1.0), (7, 1.0), (10, 0.7429971), (14, 0.5)])
def test_coverage_fades_with_age_and_the_score_does_not(age, freshness):
    old = _rows([80.0] * 4).with_columns(observed_on=pl.lit(DAY - timedelta(days=age)))
    rules = RULES.model_copy(update={"min_coverage": 0.5})
    row = scored(old, ONE, FOUR, rules).raw.row(0, named=True)
    assert row["coverage"] == pytest.approx(freshness)
    assert row["score"] == 80.0


@pytest.mark.parametrize(("age", "weight"), [(14, 0.4), (15, 0.0), (28, 0.0)])
def test_a_value_speaks_until_half_faded(age, weight):
    day = pl.when(pl.col("signal") == "s1").then(pl.lit(DAY - timedelta(days=age)))
    old = _rows([50.0, 90.0, 90.0, 90.0]).with_columns(observed_on=day.otherwise("observed_on"))
    found = scored(old, ONE, FOUR)
    first = found.contributions.row(0, named=True)
    assert first["weight"] == pytest.approx(weight)
    assert first["status"] == ("measured" if weight else "stale")
    assert found.raw["score"].item() == pytest.approx(74.0 if weight else 90.0)
    # .2 of the 40 points at f = .5, none below
    assert found.raw["coverage"].item() == pytest.approx(0.8 if weight else 0.6)


COVERED = [
    ("all measured", [80.0, 80.0, 80.0, 80.0], "missing", 1.0, 80.0),
    ("not applicable is out of both sides", [None, 80.0, 80.0, 80.0], "not_applicable", 1.0, 80.0),
    ("exactly the least coverage counts", [None, 80.0, 80.0, 80.0], "missing", 0.6, 80.0),
    ("below the least coverage: unscored", [80.0, None, None, 80.0], "missing", 0.55, None),
    ("stale lowers coverage", [80.0, None, None, 80.0], "stale", 0.55, None),
    ("nothing measured", [None] * 4, "missing", 0.0, None),
    ("nothing applicable", [None] * 4, "not_applicable", 0.0, None),
]


@pytest.mark.parametrize(
    ("why", "subscores", "absent", "coverage", "expected"), COVERED, ids=[c[0] for c in COVERED]
)
def test_coverage(why, subscores, absent, coverage, expected):
    found = scored(_rows(subscores, absent), ONE, FOUR)
    row = found.raw.row(0, named=True)
    assert row["coverage"] == pytest.approx(coverage), why
    assert row["score"] == expected
    assert row["tier_by_score"] == (None if expected is None else "green")
    points = found.contributions["points"]
    assert points.null_count() == (4 if expected is None else 0)


def test_unscored_accounts_keep_the_weights_of_what_was_observed():
    found = scored(_rows([80.0, None, None, 80.0]), ONE, FOUR).contributions
    assert found["weight"].to_list() == pytest.approx([40 / 55, 0, 0, 15 / 55])
    assert found["points"].to_list() == found["points_vs_reference"].to_list() == [None] * 4


@pytest.mark.parametrize(
    ("value", "tier"),
    [(80.0, "green"), (79.99, "yellow"), (60.0, "yellow"), (59.99, "red"), (0.0, "red")],
)
def test_tier_borders_are_half_open(value, tier):
    assert scored(_rows([value] * 4), ONE, FOUR).raw["tier_by_score"].item() == tier


@pytest.mark.parametrize("weights", [(0.1, 0.2, 0.3, 0.4), (1 / 3, 1 / 7, 1 / 9, 0.7)])
def test_binary_noise_does_not_decide_a_tier(weights):
    specs = [spec(n, w) for n, w in zip(NAMES, weights, strict=True)]
    row = scored(_rows([80.0] * 4), ONE, specs).raw.row(0, named=True)
    assert (row["score"], row["tier_by_score"], row["coverage"]) == (80.0, "green", 1.0)


@pytest.mark.parametrize(
    ("why", "subscores", "groups"),
    [
        ("both", [70.0] * 4, "value_use,delivery"),
        ("one signal is enough", [None, 70.0, None, None], "value_use"),
        ("in the order of the rules", [None, 70.0, None, 70.0], "value_use,delivery"),
        ("none", [None] * 4, ""),
    ],
)
def test_groups_scored(why, subscores, groups):
    found = scored(_rows(subscores), ONE, FOUR).raw
    assert found["groups_scored"].item() == groups, why


@pytest.mark.parametrize(
    ("why", "renews_in", "notice", "due"),
    [
        ("no renewal date", None, None, False),
        ("renews today: decided", 0, None, False),
        ("tomorrow", 1, None, True),
        ("at the horizon", 90, None, True),
        ("past the horizon", 91, None, False),
        ("notice known: decided", 30, DAY, False),
    ],
)
def test_due(why, renews_in, notice, due):
    renews_on = None if renews_in is None else DAY + timedelta(days=renews_in)
    people = accounts(
        [{"account_id": "a", "renews_on": renews_on, "cancellation_notice_on": notice}]
    )
    assert scored(_rows([70.0] * 4), people, FOUR).raw["due"].item() is due, why


@pytest.mark.parametrize(
    ("why", "back", "before", "trend"),
    [
        ("thirty days before", 30, 90.0, -20.0),
        ("not another day", 29, 90.0, None),
        ("unscored then", 30, None, None),
    ],
)
def test_trend(why, back, before, trend):
    history = pl.DataFrame(
        {"account_id": ["a"], "date": [DAY - timedelta(days=back)], "score": [before]},
        schema=NO_HISTORY.schema,
    )
    assert scored(_rows([70.0] * 4), ONE, FOUR, history=history).raw["trend_30d"].item() == trend, (
        why
    )


def test_trend_within_one_run():
    later = DAY + timedelta(days=30)
    people = pl.concat([ONE, ONE.with_columns(date=pl.lit(later))])
    rows = pl.concat(
        [
            _rows([60.0] * 4),
            _rows([65.0] * 4).with_columns(date=pl.lit(later), observed_on=pl.lit(later)),
        ]
    )
    found = scored(rows, people, FOUR, baseline=_references([70.0] * 4))
    assert found.raw["trend_30d"].to_list() == [None, 5.0]


def test_no_accounts():
    found = scored(values([]), accounts([]), FOUR)
    assert found.raw.is_empty()
    assert found.contributions.is_empty()
    assert dict(found.contributions.schema) == RESULT_TABLES["contributions"].columns


def test_an_account_without_any_signal_row_is_unscored():
    people = accounts([{"account_id": "a"}, {"account_id": "b"}])
    row = scored(_rows([70.0] * 4), people, FOUR).raw.row(1, named=True)
    assert (row["account_id"], row["score"], row["coverage"]) == ("b", None, 0.0)


def test_only_weightless_signals_speak():
    specs = [spec("s1", 0.0), *FOUR[1:]]
    row = scored(_rows([70.0, None, None, None], "not_applicable"), ONE, specs).raw
    assert (row["score"].item(), row["coverage"].item()) == (None, 0.0)


def test_two_baselines_or_an_unknown_signal_are_refused():
    segments, baseline = assign(ONE, SegmentRules()), _references([70.0] * 4)
    signals = normalise(_rows([70.0] * 4), segments, baseline, FOUR)

    def again(specs, frozen):
        return score(
            signals, segments, ONE, frozen, specs, rules=RULES, horizon_days=90, history=NO_HISTORY
        )

    with pytest.raises(ValueError, match="no spec for s1"):
        again(FOUR[1:], baseline)
    with pytest.raises(ValueError, match="one model version"):
        again(FOUR, pl.concat([baseline, baseline]))


def test_a_measured_value_of_unknown_age_does_not_speak():
    segments, baseline = assign(ONE, SegmentRules()), _references([70.0] * 4)
    undated = normalise(_rows([70.0] * 4), segments, baseline, FOUR).with_columns(
        freshness_hours=pl.lit(None, pl.Float64())
    )
    found = score(
        undated, segments, ONE, baseline, FOUR, rules=RULES, horizon_days=90, history=NO_HISTORY
    )
    assert found.raw.select("score", "coverage").rows() == [(None, 0.0)]
    assert found.contributions["status"].to_list() == ["stale"] * 4


def test_scores_of_another_day_stand_apart():
    later = date(2026, 4, 1)
    people = pl.concat([ONE, ONE.with_columns(date=pl.lit(later))])
    rows = pl.concat([_rows([60.0] * 4), _rows([90.0] * 4).with_columns(date=pl.lit(later))])
    found = scored(rows, people, FOUR, baseline=_references([70.0] * 4)).raw
    assert found.select("date", "score").rows() == [(DAY, 60.0), (later, 90.0)]


def test_a_segment_weighs_and_judges_in_its_own_way():
    # Value use stays 65 points: s1 gives 20 of its 40 to s2; s3 asks for less here.
    shifted = {"s1": 20.0, "s2": 45.0}
    specs = [
        one.model_copy(
            update={
                "segment_weights": {"big": shifted[one.name]} if one.name in shifted else {},
                "segment_knots": {"big": (0.0, 30.0, 50.0, 70.0)} if one.name == "s3" else {},
            }
        )
        for one in FOUR
    ]
    rules = SegmentRules(
        acv_bands=(Band(name="small", low=0, high=5000), Band(name="large", low=5000)),
        segments=(SegmentRule(name="big", match={"acv_band": ("large",)}),),
    )
    people = accounts([{"account_id": "a", "arr": 1000.0}, {"account_id": "b", "arr": 9000.0}])
    rows = values(
        (account, name, s, "measured")
        for account in ("a", "b")
        for name, s in zip(NAMES, (50.0, 90.0, 50.0, 70.0), strict=True)
    )
    found = scored(rows, people, specs, segmented=rules)
    assert found.raw.select("account_id", "score").rows() == [
        ("a", pytest.approx(0.4 * 50 + 0.25 * 90 + 0.2 * 50 + 0.15 * 70)),
        ("b", pytest.approx(0.2 * 50 + 0.45 * 90 + 0.2 * 80 + 0.15 * 70)),
    ]
    weights = found.contributions.filter(pl.col("account_id") == "b")["weight"].to_list()
    assert weights == pytest.approx([0.2, 0.45, 0.2, 0.15])

from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.core.explanation.params import ExplanationRules
from health_pipeline.core.explanation.reasons import reasons
from health_pipeline_tests.core.schemas.worlds import ACCOUNT, DAY, spec, table

RULES = ExplanationRules()
BEFORE = DAY - timedelta(days=30)
NAMES = ["a", "b", "c", "d", "e", "f"]
SPECS = [
    *(spec(name, reads=("events", "usage_daily")) for name in NAMES),
    spec("watched", weight=0.0),
]


def told(points, gate=None, gate_signals=None, rules=RULES):
    """(direction, rank, signal) of the reasons for {signal: (points, subscore)}."""
    contributions = table(
        "contributions",
        [
            {
                "signal": name,
                "weight": 0.0 if name == "watched" else 0.1,
                "points_vs_reference": p,
                "subscore": s,
                "status": "measured",
            }
            for name, (p, s) in points.items()
        ],
    )
    signals = table("signals", [{"signal": name, "value": 33.0, "unit": "%"} for name in points])
    gates = pl.DataFrame(
        {"account_id": [ACCOUNT], "date": [DAY], "gate": [gate]},
        schema_overrides={"gate": pl.String},
    )
    rows = reasons(contributions, signals, SPECS, rules, gates, gate_signals)
    return list(rows.sort("direction", "rank").select("direction", "rank", "signal").iter_rows())


CASES = [
    (
        "the most negative first",
        {"a": (-2, 50), "b": (-5, 40)},
        None,
        [("risk", 1, "b"), ("risk", 2, "a")],
    ),
    ("exactly one point counts", {"a": (-1.0, 50), "b": (-0.99, 50)}, None, [("risk", 1, "a")]),
    ("a healthy driver is no risk", {"a": (-3, 80)}, None, []),
    ("79.99 is not healthy", {"a": (-3, 79.99)}, None, [("risk", 1, "a")]),
    (
        "at most four",
        {name: (-n - 1.0, 30) for n, name in enumerate(NAMES)},
        None,
        [("risk", 1, "f"), ("risk", 2, "e"), ("risk", 3, "d"), ("risk", 4, "c")],
    ),
    (
        "at most two strengths, healthy ones only",
        {"a": (3, 90), "b": (4, 95), "c": (2, 85), "d": (5, 79)},
        None,
        [("strength", 1, "b"), ("strength", 2, "a")],
    ),
    ("the signal of a gate is told however small", {"a": (-0.1, 78)}, "ga", [("risk", 1, "a")]),
    ("and never as a strength", {"a": (2, 85)}, "ga", [("risk", 1, "a")]),
    (
        "it stands first, being why the tier is what it is",
        {"a": (-0.5, 70), "b": (-2, 50), "c": (-3, 50), "d": (-4, 50), "e": (-5, 50)},
        "ga",
        [("risk", 1, "a"), ("risk", 2, "e"), ("risk", 3, "d"), ("risk", 4, "c")],
    ),
    (
        "what is only watched is told in risk, and last",
        {"b": (-2, 50), "watched": (0, 59.9)},
        None,
        [("risk", 1, "b"), ("risk", 2, "watched")],
    ),
    ("and not otherwise", {"watched": (0, 60)}, None, []),
    (
        "it takes nobody's place",
        {**{name: (-n - 1.0, 30) for n, name in enumerate(NAMES)}, "watched": (0, 0)},
        None,
        [
            ("risk", 1, "f"),
            ("risk", 2, "e"),
            ("risk", 3, "d"),
            ("risk", 4, "c"),
            ("risk", 5, "watched"),
        ],
    ),
    (
        "of a combined gate those that are not healthy",
        {"a": (-0.5, 70), "b": (0.2, 90)},
        "both",
        [("risk", 1, "a")],
    ),
    (
        "several gates",
        {"a": (-0.5, 70), "b": (-0.2, 70)},
        "ga, gb",
        [("risk", 1, "a"), ("risk", 2, "b")],
    ),
    ("not measured is no reason", {"a": (None, None)}, "ga", []),
    (
        "equal points: by name",
        {"b": (-2, 50), "a": (-2, 50)},
        None,
        [("risk", 1, "a"), ("risk", 2, "b")],
    ),
]


@pytest.mark.parametrize(("why", "points", "gate", "expected"), CASES, ids=[c[0] for c in CASES])
def test_which_reasons(why, points, gate, expected):
    assert told(points, gate, {"ga": ("a",), "gb": ("b",), "both": ("a", "b")}) == expected


def test_a_reason_carries_code_sentence_evidence_and_play():
    contributions = table(
        "contributions",
        [
            {"signal": "a", "points_vs_reference": -4.5, "subscore": 40.0},
            {"signal": "b", "points_vs_reference": 2.0, "subscore": 90.0},
        ],
    )
    evidence = {"value": 33.0, "unit": "%", "observed_on": DAY, "detail": "x"}
    signals = table(
        "signals",
        [{"signal": name, "segment_baseline": 62.0, **evidence} for name in ("a", "b")],
    )
    earlier = table(
        "signals",
        [
            {"signal": "a", "value": 55.0, "status": "measured", "date": BEFORE},
            {"signal": "b", "value": 9.0, "status": "stale", "date": BEFORE},
        ],
    )
    told = reasons(contributions, signals, SPECS, RULES, earlier=earlier)
    risk, strength = told.to_dicts()
    assert risk == {
        "account_id": ACCOUNT,
        "date": DAY,
        "reason_code": "a_low",
        "signal": "a",
        "rank": 1,
        "direction": "risk",
        "points": -4.5,
        "sentence": "33% of seats active (similar accounts: 62%)",
        "evidence": {
            **evidence,
            "baseline": 62.0,
            "subscore": 40.0,
            "value_before": 55.0,
            "before_on": BEFORE,
            "tables": "events, usage_daily",
        },
        "play": "fix_a",
    }
    assert (strength["direction"], strength["play"]) == ("strength", None)
    assert strength["reason_code"] == "b_strong"
    assert strength["evidence"]["value_before"] is None, "stale is not measured"
    assert strength["evidence"]["value"] == 33.0


def test_a_signal_that_the_model_does_not_define():
    contributions = table(
        "contributions", [{"signal": "zz", "points_vs_reference": -4, "subscore": 4}]
    )
    with pytest.raises(ValueError, match="zz, which the model does not define"):
        reasons(contributions, table("signals", []), SPECS, RULES)


def test_days_do_not_touch_each_other():
    rows = [
        {"signal": name, "points_vs_reference": -float(n + 1), "subscore": 30.0, "date": day}
        for day in (DAY, DAY.replace(day=11))
        for n, name in enumerate(NAMES)
    ]
    signals = [{"signal": row["signal"], "value": 1.0, "date": row["date"]} for row in rows]
    both = reasons(table("contributions", rows), table("signals", signals), SPECS, RULES)
    one = reasons(table("contributions", rows[:6]), table("signals", signals[:6]), SPECS, RULES)
    assert both.height == 8
    assert both.filter(pl.col("date") == DAY).equals(one)


@pytest.mark.parametrize(
    ("why", "detail", "code"),
    [
        ("borne out by the detail", "active users down 34% against the prior 8 weeks", "a_low"),
        ("behind its peers, but not down", "active users at 200% of the prior 8 weeks", "a_behind"),
        ("no detail bears nothing out", None, "a_behind"),
    ],
)
def test_a_code_is_used_only_where_the_figures_bear_it_out(why, detail, code):
    needs = {"code_needs": ("active users down", "days of use down"), "code_otherwise": "a_behind"}
    specs = [spec.model_copy(update=needs) for spec in SPECS]
    contributions = table(
        "contributions", [{"signal": "a", "points_vs_reference": -4.5, "subscore": 40.0}]
    )
    signals = table("signals", [{"signal": "a", "value": 33.0, "detail": detail}])
    assert reasons(contributions, signals, specs, RULES)["reason_code"].to_list() == [code], why


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("in another order", ["b", "a"]),
        ("with one more that did not count", ["a", "b", "c"]),
        ("with one missing", ["a"]),
    ],
)
def test_signals_are_found_wherever_their_rows_stand(why, rows):
    drivers = [{"signal": s, "points_vs_reference": -4.5, "subscore": 40.0} for s in ("a", "b")]
    values = {"a": 33.0, "b": 44.0, "c": 55.0}
    signals = [{"signal": name, "value": values[name]} for name in rows]
    found = reasons(
        table("contributions", drivers), pl.concat([table("signals", [s]) for s in signals]),
        SPECS, RULES,
    )  # fmt: skip
    told = {row["signal"]: row["evidence"]["value"] for row in found.to_dicts()}
    assert told == {name: values[name] if name in rows else None for name in ("a", "b")}, why

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.scoring.gates import GATES, gates
from health_pipeline.core.scoring.hard import hard_events
from health_pipeline.core.scoring.params import CombinedGate, Gate
from health_pipeline_tests.core.scoring.world import DAY, RULES, accounts, spec


def _gate(name, signal, when, value=None, cap="yellow"):
    return Gate(
        name=name, signal=signal, when=when, value=value, cap=cap, words=f"{name}!", play="p"
    )


GATED = RULES.model_copy(
    update={
        "gates": (
            _gate("core_use", "core", "risk"),
            _gate("sponsor", "sponsor_days", "above", 30.0),
            _gate("usage", "trend", "below", -0.25),
            _gate("late", "milestone", "risk"),
            _gate("sponsor_left", "left", "above", 0.0, "red"),
        ),
        "combined_gates": (
            CombinedGate(
                name="two_of_three",
                gates=("sponsor", "usage", "late"),
                at_least=2,
                cap="red",
                words="two at once",
                play="p",
            ),
        ),
    }
)
GOOD = {"core": (1, 90.0), "sponsor_days": (5, 90.0), "trend": (0.0, 90.0), "milestone": (0, 90.0)}
GOOD["left"] = (0, 100.0)


def _signals(**changed):
    """Measured (value, subscore) for each signal; None = missing, "stale" = stale."""
    rows = []
    for name, given in {**GOOD, **changed}.items():
        missing = given is None
        value, subscore = (None, None) if missing else given[:2]
        status = "missing" if missing else (*given, "measured")[2]
        rows.append(("a", DAY, name, status, value, subscore))
    schema = ["account_id", "date", "signal", "status", "value", "subscore"]
    return pl.DataFrame(
        rows,
        schema=schema,
        orient="row",
        schema_overrides={"value": pl.Float64(), "subscore": pl.Float64()},
    )


CASES = [
    ("all good", {}, None, None, None, None),
    ("risk is a subscore below 60", {"core": (1, 59.99)}, "yellow", "core_use", "core_use!", None),
    ("60 is no risk", {"core": (1, 60.0)}, None, None, None, None),
    ("above its value", {"sponsor_days": (31, 90.0)}, "yellow", "sponsor", "sponsor!", None),
    ("at its value is not above", {"sponsor_days": (30, 0.0)}, None, None, None, None),
    ("below its value", {"trend": (-0.26, 90.0)}, "yellow", "usage", "usage!", None),
    ("at its value is not below", {"trend": (-0.25, 0.0)}, None, None, None, None),
    ("not measured does not fire and is told", {"core": None}, None, None, None, "core_use"),
    ("stale does not fire", {"core": (1, None, "stale")}, None, None, None, "core_use"),
    (
        "gates with one cap are joined",
        {"core": (1, 0.0), "sponsor_days": (40, 0.0)},
        "yellow",
        "core_use, sponsor",
        "core_use!; sponsor!",
        None,
    ),
    (
        "two of three make it worse",
        {"core": (1, 0.0), "sponsor_days": (40, 0.0), "trend": (-1, 0.0)},
        "red",
        "two_of_three",
        "two at once",
        None,
    ),
    (
        "one of three, another not measured",
        {"sponsor_days": (40, 0.0), "trend": None, "milestone": None},
        "yellow",
        "sponsor",
        "sponsor!",
        "usage, late",
    ),
    (
        "the strongest cap wins",
        {"core": (1, 0.0), "left": (1, 0.0)},
        "red",
        "sponsor_left",
        "sponsor_left!",
        None,
    ),
]


@pytest.mark.parametrize(
    ("why", "changed", "cap", "gate", "reason", "not_measured"), CASES, ids=[c[0] for c in CASES]
)
def test_gates(why, changed, cap, gate, reason, not_measured):
    found = gates(_signals(**changed), GATED)
    assert dict(found.schema) == GATES
    assert found.rows() == [("a", DAY, cap, gate, reason, not_measured)], why


def test_at_most_three_gates_are_named():
    many = tuple(_gate(f"g{i}", "core", "risk") for i in range(5))
    (row,) = gates(_signals(core=(1, 0.0)), RULES.model_copy(update={"gates": many})).to_dicts()
    assert (row["gate"], row["gate_reason"]) == ("g0, g1, g2", "g0!; g1!; g2!")


@pytest.mark.parametrize(
    ("when", "values", "value", "reason"),
    [
        ("above", (30, 60), 61, "g1!"),
        ("above", (60, 30), 61, "g0!"),
        ("above", (30, 60), 31, "g0!"),
        ("below", (30, 60), 29, "g0!"),
        ("above", (30, 30), 31, "g0!; g1!"),
    ],
)
def test_of_two_values_of_one_signal_the_stricter_is_told(when, values, value, reason):
    two = tuple(_gate(f"g{n}", "core", when, limit) for n, limit in enumerate(values))
    rules = RULES.model_copy(update={"gates": two})
    (row,) = gates(_signals(core=(value, 0.0)), rules).to_dicts()
    assert row["gate_reason"] == reason
    told = [f"g{n}" for n, limit in enumerate(values) if (value > limit) is (when == "above")]
    assert row["gate"] == ", ".join(told), "and all that fire are named"


def test_without_gates_nothing_is_capped():
    assert gates(_signals(), RULES).rows() == [("a", DAY, None, None, None, None)]


def test_without_signals_there_is_nothing_to_gate():
    assert gates(_signals().clear(), GATED).is_empty()


@pytest.mark.parametrize(
    ("why", "changed", "notice", "hard"),
    [
        ("nothing happened", {}, None, False),
        ("a cancellation notice", {}, DAY, True),
        ("a hard signal in risk", {"left": (1, 59.0)}, None, True),
        ("a hard signal at the border", {"left": (1, 60.0)}, None, False),
        ("a hard signal not measured", {"left": None}, None, False),
        ("risk in a signal that is not hard", {"core": (1, 0.0)}, None, False),
    ],
)
def test_hard_events(why, changed, notice, hard):
    people = accounts([{"account_id": "a", "cancellation_notice_on": notice}])
    found = hard_events(_signals(**changed), people, [spec("left", hard=True), spec("core")])
    assert found.rows() == [("a", DAY, hard)], why

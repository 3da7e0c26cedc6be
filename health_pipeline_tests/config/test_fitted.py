from __future__ import annotations

import pytest

from health_pipeline.config.fitted import fitted, fitted_plays
from health_pipeline.config.issue import ModelError
from health_pipeline.config.loader import load_model
from health_pipeline.config.shapes import WrittenPlays, WrittenScoring
from health_pipeline_tests.config.folders import folder_with


def _gate(name, signal):
    return {"name": name, "signal": signal, "when": "risk", "cap": "red", "words": "x", "play": "p"}


BOTH = {"name": "both", "cap": "red", "words": "x", "play": "p", "gates": ["a", "b"]}
SCORING = WrittenScoring.model_validate(
    {
        "groups": {"use": 100},
        "tiers": [{"name": "red", "low": 0, "high": 100, "words": "x"}],
        "gates": [_gate("a", "seats"), _gate("b", "sponsor")],
        "combined_gates": [{**BOTH, "at_least": 2}, {**BOTH, "name": "any", "at_least": 1}],
        "expansion": {"use": ["seats", "trend"], "content": ["mood"]},
        "views": {"the CSM": "mood", "the seats": "seats"},
    }
)


def test_what_is_said_of_absent_signals_falls_away():
    found = fitted(SCORING, ["seats", "mood"])
    assert [gate.name for gate in found.gates] == ["a"]
    assert [(gate.name, gate.gates) for gate in found.combined_gates] == [("any", ("a",))]
    assert found.expansion == {"use": ("seats",), "content": ("mood",)}
    assert found.views == {"the CSM": "mood", "the seats": "seats"}


def test_an_index_without_one_of_its_parts_is_none():
    assert fitted(SCORING, ["seats"]).expansion == {}


def test_all_signals_leave_all_rules():
    assert fitted(SCORING, ["seats", "sponsor", "trend", "mood"]) == SCORING


PLAYS = WrittenPlays.model_validate(
    {
        "plays": {"p": {"title": "x", "goal": "x", "steps": [{"text": "x"}]}},
        "otherwise": "p",
        "triggers": [
            {"play": "p", "gates": ["a"]},
            {"play": "p", "reasons": ["seats_low"]},
            {"play": "p", "all_reasons": ["seats_low", "mood_low"]},
            {"play": "p", "segments": ["starter"]},
            {"play": "p", "arr_from": 10.0},
        ],
    }
)
TRIGGERS = [
    # why, codes, gates, segments of the model, which triggers are left
    ("all there", ["seats_low", "mood_low"], ["a"], ["starter"], [0, 1, 2, 3, 4]),
    ("a code is not", ["seats_low"], ["a"], ["starter"], [0, 1, 3, 4]),
    ("a gate is not", ["seats_low", "mood_low"], [], ["starter"], [1, 2, 3, 4]),
    ("nothing of it is", [], [], [], [4]),
]


@pytest.mark.parametrize(
    ("why", "codes", "gates", "segments", "left"), TRIGGERS, ids=[case[0] for case in TRIGGERS]
)
def test_packaged_triggers_on_what_is_not_there_fall_away(why, codes, gates, segments, left):
    found = fitted_plays(PLAYS, codes, gates, segments)
    assert found.triggers == tuple(PLAYS.triggers[n] for n in left)
    assert found.plays == PLAYS.plays


def test_rules_of_ones_own_are_held_to_their_word(tmp_path):
    folder = folder_with(tmp_path, "bad/gate_on_unknown_signal")
    with pytest.raises(ModelError, match="no signal of this name"):
        load_model(folder)

"""`health plays rules`: every play of the packaged model, and what opens it."""

from __future__ import annotations

import pytest

from health_pipeline.cli.plays import conditions
from health_pipeline.config.loader import load_model
from health_pipeline.core.plays.params import Trigger
from health_pipeline_tests.end_to_end.shell import health


def test_every_play_and_what_opens_it_is_told():
    told = health("plays", "rules")
    assert told.code == 0, told.err
    model = load_model()
    for name in model.plays.plays:
        assert name in told.out
    for spec in model.signals:
        assert f"first reason {spec.reason_code}" in told.out
    assert told.out.index("capped by sponsor_left") < told.out.index("first reason")


WORDS = [
    ({"to_tiers": ("red",), "from_tiers": ("green", "new")},
     "stands in red, comes from green or new"),
    ({"reasons": ("a", "b"), "all_reasons": ("c", "d")}, "told of a or b, told of c and d"),
    ({"arr_from": 100_000.0, "arr_below": 2e6}, "ARR from 100,000, ARR below 2,000,000"),
    ({"gates": ("g",), "segments": ("s", "t")}, "capped by g, in s or t"),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "words"), WORDS)
def test_conditions_in_words(trigger, words):
    assert conditions(Trigger(play="p", **trigger)) == words

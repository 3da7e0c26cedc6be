"""Rules about what a segment weighs and judges in its own way (R61)."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from health_pipeline.config.checks.names import unknown
from health_pipeline.config.checks.signals import (
    LAGGING_SHARE,
    drives,
    lagging_signals,
    out_of_order,
    rises,
)
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue


def own_signals(draft: Draft) -> Iterator[Issue]:
    """A segment names signals that exist."""
    names = list(draft.signals)
    for n, segment in enumerate(draft.segments.segments):
        for key in ("weights", "knots"):
            for signal in getattr(segment, key):
                path = ("segments", n, key, signal)
                yield from unknown(draft, "segments", path, signal, names, "signal")


def own_weights(draft: Draft) -> Iterator[Issue]:
    """In every segment the signals of a group carry the group's points (R70, R71)."""
    lagging = lagging_signals(draft)
    for n, segment in enumerate(draft.segments.segments):
        if not segment.weights:
            continue
        weights = {name: one.weight for name, one in draft.signals.items()} | segment.weights
        path = ("segments", n, "weights")
        for name, weight in segment.weights.items():
            if weight < 0:
                yield draft.issue("segments", (*path, name), "below 0", "0 or more points")
        for group, points in draft.scoring.groups.items():
            members = [name for name, one in draft.signals.items() if one.group == group]
            total = sum(weights[name] for name in members)
            if not isclose(total, points):
                words = f"the signals of {group} weigh {total:g} together in {segment.name}"
                yield draft.issue("segments", path, words, f"{points:g}")
        behind = sum(weights[name] for name in lagging)
        if drives(behind):
            words = f"lagging signals weigh {behind:g} together in {segment.name}"
            yield draft.issue("segments", path, words, f"at most {LAGGING_SHARE:g}")


def own_knots(draft: Draft) -> Iterator[Issue]:
    """A segment's own targets run in the direction of their signal."""
    for n, segment in enumerate(draft.segments.segments):
        for name, knots in segment.knots.items():
            signal = draft.signals.get(name)
            rising = None if signal is None else rises(signal)
            if rising is not None:
                path = ("segments", n, "knots", name)
                yield from out_of_order(draft, "segments", path, knots, rising=rising)

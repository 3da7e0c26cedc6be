"""Rules of a signal's `params`: what its kind takes, and that it looks back only.

A signal of day t reads [t − window, t]; the label lies in (t, t + horizon]. The two meet only if a
signal may look ahead, so no parameter can say that: `lead_days` and `offset_days` are refused, and
every `…_days` is a length of 1 to 365 days that ends on t.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from health_pipeline.config.checks.names import unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue
from health_pipeline.config.validate import parse
from health_pipeline.core.signals.kind import kinds

LONGEST_WINDOW = 365
AHEAD = ("lead_days", "offset_days")


def params(draft: Draft) -> Iterator[Issue]:
    """Each block of params is what its kind takes."""
    document = draft.document("signals")
    for name, signal in draft.good_signals.items():
        kind = kinds().get(signal.kind)
        if kind is None:
            continue
        for issue in parse(document, kind.params, signal.params, (name, "params"))[1]:
            key = issue.key.rpartition(".")[2]
            if not _window_problem(key, signal.params.get(key)):
                yield issue


def windows(draft: Draft) -> Iterator[Issue]:
    """Signals look back from day t, never into the days that the label is about."""
    for name, signal in draft.good_signals.items():
        for key, value in signal.params.items():
            problem = _window_problem(key, value)
            if problem:
                allowed = f"a whole number of days from 1 to {LONGEST_WINDOW}, looking back"
                yield draft.issue("signals", (name, "params", key), problem, allowed)


def _window_problem(key: str, value: Any) -> str:
    if not isinstance(value, int | float) or not key.endswith("_days"):
        return ""
    if key in AHEAD or value < 0:
        return "reaches past day t, into the days that the label is about"
    return "" if 1 <= value <= LONGEST_WINDOW else "out of range"


def features(draft: Draft) -> Iterator[Issue]:
    """Features that a signal names are features of activity.yaml."""
    known = [feature.name for feature in draft.activity.features]
    for name, signal in draft.good_signals.items():
        named = signal.params.get("features")
        for n, feature in enumerate(named if isinstance(named, list) else ()):
            path = (name, "params", "features", n)
            yield from unknown(draft, "signals", path, str(feature), known, "feature")

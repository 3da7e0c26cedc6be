"""Rules of signals.yaml: weights, names, knots, words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from math import isclose

from health_pipeline.config.checks.names import badly_named, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.shapes import WrittenSignal
from health_pipeline.core.signals.kind import kinds

LAGGING_SHARE = 25.0
"""Points that lagging signals may carry together: they confirm and never drive (R71)."""

PLACEHOLDERS = {
    "value": 1.0, "baseline": 1.0, "unit": "%", "observed_on": date(2024, 1, 31), "detail": "x",
    "days": 1,
}  # fmt: skip
"""What a sentence may name, with an example of each."""


def kind_names(draft: Draft) -> Iterator[Issue]:
    """Every kind is a file of `core/signals/kinds/`."""
    for name, signal in draft.good_signals.items():
        yield from unknown(draft, "signals", (name, "kind"), signal.kind, list(kinds()), "kind")


def group_names(draft: Draft) -> Iterator[Issue]:
    """Every group is one of scoring.yaml."""
    groups = list(draft.scoring.groups)
    for name, signal in draft.good_signals.items():
        yield from unknown(draft, "signals", (name, "group"), signal.group, groups, "group")


def signal_weights(draft: Draft) -> Iterator[Issue]:
    """The signals of a group carry the group's points, no more and no less (R70).

    That a group has points at all is another rule's matter.
    """
    signals = draft.signals.values()
    for group, weight in draft.scoring.groups.items():
        total = sum(signal.weight for signal in signals if signal.group == group)
        if weight > 0 and not isclose(total, weight):
            words = f"its signals in signals.yaml weigh {total:g} together"
            yield draft.issue("scoring", ("groups", group), words, f"{weight:g}")


def lagging_weight(draft: Draft) -> Iterator[Issue]:
    """Lagging signals never drive the score (R71)."""
    lagging = lagging_signals(draft)
    total = sum(signal.weight for signal in lagging.values())
    if drives(total):
        words = f"lagging signals weigh {total:g} together: {', '.join(lagging)}"
        first = next(iter(lagging))
        yield draft.issue("signals", (first, "weight"), words, f"at most {LAGGING_SHARE:g}")


def drives(points: float) -> bool:
    """Whether so many points are more than lagging signals may carry, the last bits aside."""
    return points > LAGGING_SHARE and not isclose(points, LAGGING_SHARE)


def lagging_signals(draft: Draft) -> dict[str, WrittenSignal]:
    """The signals that confirm and do not drive."""
    return {name: signal for name, signal in draft.signals.items() if not leads(signal)}


def leads(signal: WrittenSignal) -> bool:
    """Whether it drives the score; a signal of an unknown kind is another rule's matter."""
    kind = kinds().get(signal.kind)
    return kind is None or (kind.meta.leading if signal.leading is None else signal.leading)


def signal_names(draft: Draft) -> Iterator[Issue]:
    """Names and reason codes are plain, and a code belongs to one signal."""
    codes: dict[str, str] = {}
    for name, signal in draft.good_signals.items():
        path = (name, "reason_code")
        yield from badly_named(draft, "signals", (name,), name)
        yield from badly_named(draft, "signals", path, signal.reason_code)
        first = codes.setdefault(signal.reason_code, name)
        if first != name:
            yield draft.issue("signals", path, f"already the code of {first}", "a code of its own")


def play_names(draft: Draft) -> Iterator[Issue]:
    """Every signal leads to a play (R56, R91)."""
    plays = draft.names("plays", "plays")
    for name, signal in draft.good_signals.items():
        yield from unknown(draft, "signals", (name, "play"), signal.play, plays, "play")


def knot_order(draft: Draft) -> Iterator[Issue]:
    """Knots rise when higher is better, and fall when lower is."""
    for name, signal in draft.good_signals.items():
        kind, rising = kinds().get(signal.kind), rises(signal)
        if kind is None or rising is None:
            continue
        defaults = signal.default_knots or kind.meta.default_knots
        for key, knots in (("knots", signal.knots), ("default_knots", defaults)):
            unused = key == "default_knots" and signal.knots != "fit"
            if unused or isinstance(knots, str):
                continue
            yield from out_of_order(draft, "signals", (name, key), knots, rising=rising)


def out_of_order(
    draft: Draft, file: str, path: Path, knots: tuple[float, ...], *, rising: bool
) -> Iterator[Issue]:
    """An issue at `path` when `knots` do not run in the direction of their signal."""
    if not all((low < high) if rising else (low > high) for low, high in pairwise(knots)):
        word = "rise: higher is better" if rising else "fall: lower is better"
        allowed = "the raw values that score 0, 60, 80 and 100"
        yield draft.issue(file, path, f"the knots must {word}", allowed)


def rises(signal: WrittenSignal) -> bool | None:
    """Whether higher is better; None when its kind is unknown, which is another rule's matter."""
    kind = kinds().get(signal.kind)
    if kind is None:
        return None
    higher = signal.higher_is_better
    return kind.meta.higher_is_better if higher is None else higher


def sentences(draft: Draft) -> Iterator[Issue]:
    """Sentences name only what a signal can tell."""
    for name, signal in draft.good_signals.items():
        for key in ("risk_sentence", "strength_sentence"):
            text = getattr(signal, key)
            if text is None:
                continue
            try:
                text.format(**PLACEHOLDERS)
            except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
                allowed = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
                words = f"not a sentence that can be filled in: {error}"
                yield draft.issue("signals", (name, key), words, allowed)

"""Rules of scoring.yaml: groups, tiers, gates."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from health_pipeline.config.checks.names import badly_named, listed_twice, repeated, unknown
from health_pipeline.config.checks.signals import leads
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path
from health_pipeline.core.schemas.account_days import KEY
from health_pipeline.core.scoring.params import TIER_ORDER


def group_weights(draft: Draft) -> Iterator[Issue]:
    """Groups carry 100 points together, and each of them some (R70)."""
    groups = draft.scoring.groups
    for name, weight in groups.items():
        yield from badly_named(draft, "scoring", ("groups", name), name)
        if weight <= 0:
            yield draft.issue("scoring", ("groups", name), "out of range", "a number above 0")
    total = sum(groups.values())
    if not isclose(total, 100):
        yield draft.issue("scoring", ("groups",), f"the weights add up to {total:g}", "100")


def tier_names(draft: Draft) -> Iterator[Issue]:
    """Each tier once."""
    names = [tier.name for tier in draft.scoring.tiers]
    yield from repeated(draft, "scoring", ("tiers",), names)
    for name in (tier for tier in TIER_ORDER[::-1] if tier not in names):
        yield draft.issue("scoring", ("tiers",), f"the tier {name} is missing")


def tier_words(draft: Draft) -> Iterator[Issue]:
    """Each tier says what it means (R72)."""
    for n, tier in enumerate(draft.scoring.tiers):
        if not tier.words.strip():
            yield draft.issue("scoring", ("tiers", n, "words"), "empty", "what the tier means")


def tier_ranges(draft: Draft) -> Iterator[Issue]:
    """Half-open ranges from 0 to 100 without overlap or gap, better tiers above worse ones."""
    order = {name: n for n, name in enumerate(TIER_ORDER)}
    tiers = sorted(enumerate(draft.scoring.tiers), key=lambda one: order[one[1].name])
    end, below = 0.0, "0"
    for n, tier in tiers:
        word = "overlaps" if tier.low < end else "leaves a gap above"
        if tier.low != end:
            yield draft.issue("scoring", ("tiers", n, "low"), f"{word} {below}", f"{end:g}")
        if tier.high <= tier.low:
            yield draft.issue("scoring", ("tiers", n, "high"), "not above low")
        end, below = tier.high, f"the end of {tier.name}"
    if tiers and end != 100:
        yield draft.issue("scoring", ("tiers", tiers[-1][0], "high"), "does not reach 100", "100")


def gate_names(draft: Draft) -> Iterator[Issue]:
    """Gates of either sort are named once, and watch a signal of the model."""
    gates, combined = draft.scoring.gates, draft.scoring.combined_gates
    known = [gate.name for gate in gates]
    yield from repeated(draft, "scoring", ("gates",), known)
    yield from repeated(draft, "scoring", ("combined_gates",), [gate.name for gate in combined])
    for n, name in enumerate(gate.name for gate in combined):
        if name in known:
            path: Path = ("combined_gates", n, "name")
            yield draft.issue("scoring", path, "the name of a gate", "a name of its own")
    for n, gate in enumerate(gates):
        path = ("gates", n, "signal")
        yield from unknown(draft, "scoring", path, gate.signal, draft.names("signals"), "signal")


def gates_beside_keys(draft: Draft) -> Iterator[Issue]:
    """Answers of gates are columns beside the account and the day, so none is called like them."""
    for block in ("gates", "combined_gates"):
        for n, gate in enumerate(getattr(draft.scoring, block)):
            if gate.name in KEY:
                allowed = f"any name but {' and '.join(KEY)}"
                yield draft.issue("scoring", (block, n, "name"), "the name of a column", allowed)


def expansion_parts(draft: Draft) -> Iterator[Issue]:
    """Each part of the expansion index is named, and made of signals of the model (R55)."""
    for part, members in draft.scoring.expansion.items():
        path: Path = ("expansion", part)
        yield from badly_named(draft, "scoring", path, part)
        if not members:
            yield draft.issue("scoring", path, "made of nothing", "a list of signals")
        for n, name in enumerate(members):
            known = draft.names("signals")
            yield from unknown(draft, "scoring", (*path, n), name, known, "signal")


def views(draft: Draft) -> Iterator[Issue]:
    """Each view is that of a signal of the model."""
    for name, signal in draft.scoring.views.items():
        known = draft.names("signals")
        yield from unknown(draft, "scoring", ("views", name), signal, known, "signal")


def gates_lead(draft: Draft) -> Iterator[Issue]:
    """No gate rests on a lagging signal: it would move a tier alone (R71)."""
    for n, gate in enumerate(draft.scoring.gates):
        signal = draft.good_signals.get(gate.signal)
        if signal is not None and not leads(signal):
            words = f"{gate.signal} is lagging: it confirms, and moves no tier alone"
            yield draft.issue("scoring", ("gates", n, "signal"), words, "a leading signal")


def gate_values(draft: Draft) -> Iterator[Issue]:
    """`above` and `below` compare with a value, `risk` does not."""
    for n, gate in enumerate(draft.scoring.gates):
        if gate.when == "risk" and gate.value is not None:
            yield draft.issue("scoring", ("gates", n, "value"), "`when: risk` takes no value")
        if gate.when != "risk" and gate.value is None:
            words = f"`when: {gate.when}` needs a value to compare with"
            yield draft.issue("scoring", ("gates", n, "value"), words, "a number")


def gate_caps(draft: Draft) -> Iterator[Issue]:
    """A cap at the best tier caps nothing."""
    scoring = draft.scoring
    caps = {
        "gates": [gate.cap for gate in scoring.gates],
        "combined_gates": [gate.cap for gate in scoring.combined_gates],
    }
    for block, tiers in caps.items():
        for n, tier in enumerate(tiers):
            if tier == TIER_ORDER[-1]:
                yield draft.issue("scoring", (block, n, "cap"), "caps nothing", "yellow, red")


def combined_gates(draft: Draft) -> Iterator[Issue]:
    """Combined gates count gates of the model, and can fire."""
    scoring = draft.scoring
    known = [gate.name for gate in scoring.gates]
    for n, combined in enumerate(scoring.combined_gates):
        place: Path = ("combined_gates", n)
        for m, name in enumerate(combined.gates):
            yield from unknown(draft, "scoring", (*place, "gates", m), name, known, "gate")
        yield from listed_twice(draft, "scoring", (*place, "gates"), combined.gates)
        if not 1 <= combined.at_least <= len(set(combined.gates)):
            allowed = f"a whole number from 1 to {len(set(combined.gates))}"
            words = "can never be met, or always is"
            yield draft.issue("scoring", (*place, "at_least"), words, allowed)

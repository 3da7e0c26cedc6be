"""Rules about plays: each is known, and each is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from health_pipeline.config.checks.names import badly_named, listed, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.fitted import reason_codes
from health_pipeline.config.issue import Issue, Path
from health_pipeline.core.plays.params import Trigger
from health_pipeline.core.plays.triggers import takes_all_of


def play_names(draft: Draft) -> Iterator[Issue]:
    """Plays have plain names, as interventions and the CRM repeat them."""
    for name in draft.plays.plays:
        yield from badly_named(draft, "plays", ("plays", name), name)


def gate_plays(draft: Draft) -> Iterator[Issue]:
    """Every gate leads to a play (R73)."""
    plays, scoring = draft.names("plays", "plays"), draft.scoring
    named = {
        "gates": [gate.play for gate in scoring.gates],
        "combined_gates": [gate.play for gate in scoring.combined_gates],
    }
    for block, names in named.items():
        for n, name in enumerate(names):
            yield from unknown(draft, "scoring", (block, n, "play"), name, plays, "play")


def unused_plays(draft: Draft) -> Iterator[Issue]:
    """A play that nothing starts is told, and the model is used all the same."""
    if "plays" not in draft.own:
        return
    scoring = draft.scoring
    used = {signal.play for signal in draft.signals.values()}
    used |= {gate.play for gate in scoring.gates} | {gate.play for gate in scoring.combined_gates}
    used |= {trigger.play for trigger in draft.plays.triggers} | {draft.plays.otherwise}
    for name in draft.plays.plays:
        if name not in used:
            issue = draft.issue(
                "plays", ("plays", name), "no signal, no gate and no trigger starts this play"
            )
            yield replace(issue, severity="warning")


def otherwise(draft: Draft) -> Iterator[Issue]:
    """An account at risk without a reason and without a gate gets a play, too (R91)."""
    plays = draft.names("plays", "plays")
    yield from unknown(draft, "plays", ("otherwise",), draft.plays.otherwise, plays, "play")


def trigger_names(draft: Draft) -> Iterator[Issue]:
    """Triggers name plays, reason codes, gates and segments of the model."""
    scoring, segments = draft.scoring, draft.segments
    codes = reason_codes(draft.good_signals)
    known = {
        "reasons": codes,
        "all_reasons": codes,
        "gates": [*(g.name for g in scoring.gates), *(g.name for g in scoring.combined_gates)],
        "segments": [*(segment.name for segment in segments.segments), segments.default],
    }
    words = {"gates": "gate", "segments": "segment"}
    for n, trigger in enumerate(draft.plays.triggers):
        path: Path = ("triggers", n)
        plays = draft.names("plays", "plays")
        yield from unknown(draft, "plays", (*path, "play"), trigger.play, plays, "play")
        for key, names in known.items():
            for m, name in enumerate(getattr(trigger, key)):
                what = words.get(key, "reason code")
                yield from unknown(draft, "plays", (*path, key, m), name, names, what)


def trigger_conditions(draft: Draft) -> Iterator[Issue]:
    """Each trigger can match, and comes to its turn: of two plays for one account one is first."""
    triggers, tiers = draft.plays.triggers, draft.plays.open_for_tiers
    conditions = [name for name in Trigger.model_fields if name != "play"]
    for n, trigger in enumerate(triggers):
        path: Path = ("triggers", n)
        if not any(getattr(trigger, name) not in ((), None) for name in conditions):
            words = "takes every account: it has no condition"
            yield draft.issue("plays", path, words, ", ".join(conditions))
            continue
        if trigger.to_tiers and set(trigger.to_tiers).isdisjoint(tiers):
            words = "never matches: no play opens in these tiers"
            yield draft.issue("plays", (*path, "to_tiers"), words, listed(tiers))
        to, before = set(trigger.to_tiers or tiers), set(trigger.from_tiers)
        if before and before <= to and len(to) == 1:
            words = "never matches: a tier that it stands in is not one that it came from"
            yield draft.issue("plays", (*path, "from_tiers"), words)
        if None not in (trigger.arr_from, trigger.arr_below) and (
            (trigger.arr_below or 0) <= (trigger.arr_from or 0)
        ):
            words = "never matches: no ARR lies between arr_from and arr_below"
            yield draft.issue("plays", (*path, "arr_below"), words, "more than arr_from")
        first = next((m for m in range(n) if takes_all_of(triggers[m], trigger)), None)
        if first is not None:
            words = f"never comes to its turn: triggers[{first}] takes all that it matches"
            yield draft.issue("plays", path, words, "a narrower trigger above a wider one")


def stand_ins(draft: Draft) -> Iterator[Issue]:
    """Whoever stands in is still there in the end."""
    following = {one.lower(): other for one, other in draft.plays.stand_ins.items()}
    for name in draft.plays.stand_ins:
        seen, last = {name.lower()}, following[name.lower()]
        while last is not None and last.lower() not in seen:
            seen.add(last.lower())
            last = following.get(last.lower())
        if last is not None:
            words = "nobody is left in the end: they stand in for each other"
            yield draft.issue("plays", ("stand_ins", name), words, "somebody who is there, or null")


def play_steps(draft: Draft) -> Iterator[Issue]:
    """Steps say what to do, in the order of their due days."""
    for name, play in draft.plays.plays.items():
        due = 0.0
        for n, step in enumerate(play.steps):
            path = ("plays", name, "steps", n)
            if not step.text.strip():
                yield draft.issue("plays", (*path, "text"), "empty", "what is to be done")
            written = draft.document("plays").value(path)
            both = {"due_days", "due_working_days"} & set(written)
            if len(both) != 1:
                words = "due in days, or in working days"
                yield draft.issue("plays", path, words, "one of due_days, due_working_days")
                continue
            key = both.pop()
            # Five working days are a week.
            days = step.due_days if key == "due_days" else (step.due_working_days or 0) * 7 / 5
            if days < due:
                words = "due before the step above it"
                yield draft.issue("plays", (*path, key), words, f"{due:g} or more")
            due = max(due, days)

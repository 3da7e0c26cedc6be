"""Rules about plays: each is known, and each is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from health_pipeline.config.checks.names import badly_named, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue


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
    for name in draft.plays.plays:
        if name not in used:
            issue = draft.issue("plays", ("plays", name), "no signal and no gate starts this play")
            yield replace(issue, severity="warning")


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

"""Which play an account at risk gets: the first trigger that matches, else its first reason's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from health_pipeline.core.plays.params import PlayBook, Trigger

NEW = "new"
"""The tier before, of an account that had none."""

Row = Mapping[str, Any]


def called_for(row: Row, book: PlayBook, gate_plays: Mapping[str, str]) -> tuple[str, str | None]:
    """The play for an account at risk, and the reason that it stands for (R73, R91).

    Args:
        row: `tier`, `tier_before`, `codes` (risk reason codes, the first first), `reason_code` and
            `play` (of the first reason, null without one), `gate` (names of the gates that cap the
            tier, joined by ", "), `arr`, `segment`.
        book: triggers in their order, and the play of accounts that nothing else calls for.
        gate_plays: gate → play.

    Returns:
        Play and reason: a reason code, else a gate, else null.
    """
    gates = [gate for gate in (row["gate"] or "").split(", ") if gate]
    codes = list(row["codes"] or ())
    for trigger in book.triggers:
        if matches(trigger, row, codes, gates):
            return trigger.play, _stands_for(trigger, codes, gates)
    if row["play"] is not None:
        return row["play"], row["reason_code"]
    named = [gate for gate in gates if gate in gate_plays]
    if named:
        return gate_plays[named[0]], named[0]
    return book.otherwise, None


def matches(trigger: Trigger, row: Row, codes: list[str], gates: list[str]) -> bool:
    """Whether every condition of `trigger` holds; an unknown ARR is not a small one."""
    arr = float("inf") if row["arr"] is None else row["arr"]
    return (
        _is_in(row["tier"], trigger.to_tiers)
        and _is_in(row["tier_before"] or NEW, trigger.from_tiers)
        and _is_in(row["segment"], trigger.segments)
        and (not trigger.reasons or not set(codes).isdisjoint(trigger.reasons))
        and set(trigger.all_reasons) <= set(codes)
        and (not trigger.gates or not set(gates).isdisjoint(trigger.gates))
        and (trigger.arr_from is None or arr >= trigger.arr_from)
        and (trigger.arr_below is None or arr < trigger.arr_below)
    )


def takes_all_of(first: Trigger, later: Trigger) -> bool:
    """Whether `first` matches every account that `later` matches, so that `later` never comes."""
    codes = set(later.all_reasons)
    either = set(later.reasons)
    sure = codes | (either if len(either) == 1 else set())
    return (
        _within(later.to_tiers, first.to_tiers)
        and _within(later.from_tiers, first.from_tiers)
        and _within(later.segments, first.segments)
        and _within(later.gates, first.gates)
        and (_within(later.reasons, first.reasons) or not codes.isdisjoint(first.reasons))
        and set(first.all_reasons) <= sure
        and (first.arr_from is None or (later.arr_from or 0.0) >= first.arr_from)
        and (
            first.arr_below is None
            or (later.arr_below is not None and later.arr_below <= first.arr_below)
        )
    )


def _is_in(value: str | None, allowed: tuple[str, ...]) -> bool:
    return not allowed or value in allowed


def _within(some: tuple[str, ...], more: tuple[str, ...]) -> bool:
    """Whether the condition `some` is at least as narrow as `more`; empty: no condition."""
    return not more or (bool(some) and set(some) <= set(more))


def _stands_for(trigger: Trigger, codes: list[str], gates: list[str]) -> str | None:
    """What a reader is told: the trigger's own reason or gate, else the account's first reason."""
    asked = {*trigger.reasons, *trigger.all_reasons}
    own = [code for code in codes if code in asked]
    capping = [gate for gate in gates if gate in trigger.gates]
    return next(iter([*own, *capping, *codes, *gates]), None)

"""From a score to its tier in words: gates asked, raw tier, held tier, tier (R72, R73)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from health_pipeline.core.explanation.figures import figure, places

GATE_COLUMNS = ("gate", "asks", "answer", "caps at")


@dataclass(frozen=True, slots=True)
class Asked:
    """A gate and its answer.

    Attributes:
        name: of the gate; `asks`: its condition with the figures of the account.
        fires: None: could not be asked, its signal is not measured.
        cap: best tier that remains when it fires.
    """

    name: str
    asks: str
    fires: bool | None
    cap: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What surrounds the tier of one account and day.

    Attributes:
        tiers: name and range [low, high) of each tier, worst first.
        band, big_fall, fall_days, min_coverage: of the scoring rules.
        asked: the gates, in the order of the rules.
        held_before: held tier of the last row of the `fall_days` days before, None without one.
        seen_before: day of that row.
        peak: highest score of those days, None without one.
        hard: a hard event stands.
    """

    tiers: tuple[tuple[str, float, float], ...]
    band: float
    big_fall: float
    fall_days: int
    min_coverage: float
    asked: tuple[Asked, ...]
    held_before: str | None
    seen_before: date | None
    peak: float | None
    hard: bool


def risk_question(signal: str, subscore: float | None, below: float) -> str:
    """The condition of a gate on risk, with the subscore where there is one."""
    return _question(f"subscore of {signal}", subscore, "<", below)


def value_question(signal: str, value: float | None, when: str, limit: float) -> str:
    """The condition of a gate on a raw value, with the value where there is one."""
    return _question(f"value of {signal}", value, ">" if when == "above" else "<", limit)


def _question(what: str, number: float | None, sign: str, limit: float) -> str:
    if number is None:
        return f"{what} {sign} {figure(limit)}: not measured"
    return f"{what}: {figure(number)} {sign} {figure(limit)}"


def count_question(names: Sequence[str], fired: int, at_least: int) -> str:
    """The condition of a combined gate."""
    return f"how many of {', '.join(names)} fire: {fired} ≥ {at_least}"


def gate_table(judged: Judged) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Columns and rows: a gate, its question with figures, its answer, its cap."""
    answers = {True: "fires", False: "no", None: "not asked"}
    rows = tuple((one.name, one.asks, answers[one.fires], one.cap) for one in judged.asked)
    return GATE_COLUMNS, rows


def tier_lines(score: Mapping[str, Any], judged: Judged) -> list[str]:
    """Raw tier, held tier and tier as published, each with the figures that decide it."""
    if score["score"] is None:
        return [f"Tier: {score['tier']}, because there is no score"]
    return [
        f"Raw tier: {_raw(score, judged)}",
        *_band(score, judged),
        *_at_once(score, judged),
        *_resting(score, judged),
        f"Held tier: {score['held_tier']}",
        f"Cap of the gates: {_cap(judged)}",
        f"Tier: {score['tier']}, {_how(score, judged)}, since {score['tier_since']}",
    ]


def _raw(score: Mapping[str, Any], judged: Judged) -> str:
    tier = score["tier_by_score"]
    low, high = next((low, high) for name, low, high in judged.tiers if name == tier)
    end = "]" if high == judged.tiers[-1][2] else ")"
    return f"{figure(score['score'])} lies in [{figure(low)}, {figure(high)}{end}: {tier}"


def _band(score: Mapping[str, Any], judged: Judged) -> list[str]:
    """How far the score has to go to leave the tier that was held."""
    if judged.held_before is None:
        return ["No held tier before: it starts at the raw tier"]
    places_of = [name for name, _, _ in judged.tiers]
    at = places_of.index(judged.held_before)
    _, low, high = judged.tiers[at]
    ways, band = [], figure(judged.band)
    if at > 0:
        ways.append(f"down at {figure(low)} − {band} = {figure(low - judged.band)} or below")
    if at < len(places_of) - 1:
        ways.append(f"up at {figure(high)} + {band} = {figure(high + judged.band)} or above")
    leaves = " and ".join(ways) or "nowhere"
    held = f"Held before ({judged.seen_before}): {judged.held_before}, left {leaves}"
    return [f"{held}; the score is {figure(score['score'])}"]


def _at_once(score: Mapping[str, Any], judged: Judged) -> list[str]:
    """What lowers a held tier to the raw tier without a band."""
    lines = [
        f"Hard event: {'yes, at once to the raw tier if it is lower' if judged.hard else 'none'}"
    ]
    if judged.peak is not None:
        fall = judged.peak - score["score"]
        enough = round(fall, 9) >= judged.big_fall
        limit = figure(judged.big_fall)
        verdict = f"≥ {limit}: at once to the raw tier if it is lower" if enough else f"< {limit}"
        terms = f"{figure(judged.peak)} − {figure(score['score'])} = {places(fall, 9)} {verdict}"
        lines.append(f"Fall from the highest score of the last {judged.fall_days} days: {terms}")
    return lines


def _rests(score: Mapping[str, Any], judged: Judged) -> bool:
    """Whether both tiers stay as they were, because a source is down."""
    is_down = bool(score.get("frozen_by"))
    return is_down and not judged.hard and judged.held_before is not None


def _resting(score: Mapping[str, Any], judged: Judged) -> list[str]:
    if not _rests(score, judged):
        return []
    return [f"Down: {score['frozen_by']}; both tiers stay as they were"]


def _how(score: Mapping[str, Any], judged: Judged) -> str:
    return "as it was" if _rests(score, judged) else "the lower of held tier and cap"


def _cap(judged: Judged) -> str:
    order = [name for name, _, _ in judged.tiers]
    fired = [one for one in judged.asked if one.fires]
    if not fired:
        return "none fires"
    lowest = min(fired, key=lambda one: order.index(one.cap))
    names = [one.name for one in fired if one.cap == lowest.cap]
    return f"{lowest.cap} ({', '.join(names)})"

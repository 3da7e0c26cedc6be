"""The plays (plays.yaml): what is done about a reason, by whom, until when."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen

OwnerRole = Literal["owner", "executive"]


class Step(Frozen):
    """One step of a play: what, which role does it, how many days after opening it is due.

    `due_working_days` stands in place of `due_days`: weekends and holidays do not count.
    """

    text: str
    owner_role: OwnerRole = "owner"
    due_days: int = Field(default=0, ge=0)
    due_working_days: int | None = Field(default=None, ge=0)


class PlayBlock(Frozen):
    """A save motion as written (R91). `due_hours`: the first step has started by then (R5)."""

    title: str
    goal: str
    steps: tuple[Step, ...] = Field(min_length=1)
    due_hours: int = Field(default=24, ge=1, le=24)
    cooldown_days: int = Field(default=14, ge=0)


class Play(PlayBlock):
    """A block and its name, which is its key."""

    name: str


class Trigger(Frozen):
    """Which accounts at risk get `play`: those of whom every condition that is given holds (R73).

    Attributes:
        to_tiers, from_tiers: the tier that the account stands in, and the one that it had before
            that one; `new` had none.
        reasons, all_reasons: risk reason codes of which one, or every one, is told of the account.
        gates: gates of which one caps its tier.
        arr_from, arr_below: its ARR; an unknown one is not a small one.
        segments: of which it is in one.
    """

    play: str
    to_tiers: tuple[Literal["red", "yellow"], ...] = ()
    from_tiers: tuple[Literal["green", "yellow", "red", "unscored", "new"], ...] = ()
    reasons: tuple[str, ...] = ()
    all_reasons: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    arr_from: float | None = Field(default=None, ge=0)
    arr_below: float | None = Field(default=None, gt=0)
    segments: tuple[str, ...] = ()


class PlayRules(Frozen):
    """Which play is opened for whom, and when it is due.

    Attributes:
        triggers: the first that matches decides; without a match the first reason's play is
            opened, without a reason the one of the gate.
        otherwise: play of an account at risk that has neither.
        open_for_tiers: tiers that open one.
        executive_from_arr: ARR from which executives are involved.
        hold_out: share of episodes that get no play, to measure what plays do.
        holidays: region → days that are no working days; `default` for all other regions.
        stand_ins: people who left → who does their work now; null: nobody yet.
    """

    otherwise: str
    triggers: tuple[Trigger, ...] = ()
    open_for_tiers: tuple[Literal["red", "yellow"], ...] = ("red",)
    executive_from_arr: float | None = Field(default=None, ge=0)
    hold_out: float = Field(default=0.0, ge=0, le=0.5)
    holidays: dict[str, tuple[date, ...]] = {}
    stand_ins: dict[str, str | None] = {}


class PlayBook(PlayRules):
    """The rules, and all plays by name."""

    plays: dict[str, Play]

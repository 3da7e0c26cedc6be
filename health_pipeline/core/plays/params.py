"""The resolved plays (plays.yaml): what is done about a reason, by whom, until when."""

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


class Play(Frozen):
    """A save motion (R91). `due_hours`: the first step must have started by then (R5: ≤ 24)."""

    name: str
    title: str
    goal: str
    steps: tuple[Step, ...] = Field(min_length=1)
    due_hours: int = Field(default=24, ge=1)
    cooldown_days: int = Field(default=14, ge=0)


class PlayBook(Frozen):
    """All plays by name, the tiers that open one, and from which ARR executives are involved.

    Attributes:
        hold_out: share of episodes that get no play, to measure what plays do.
        holidays: region → days that are no working days; `default` for all other regions.
    """

    plays: dict[str, Play]
    open_for_tiers: tuple[Literal["red", "yellow"], ...] = ("red",)
    executive_from_arr: float | None = Field(default=None, ge=0)
    hold_out: float = Field(default=0.0, ge=0, le=0.5)
    holidays: dict[str, tuple[date, ...]] = {}

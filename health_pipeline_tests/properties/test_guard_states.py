"""Law of the discount guard: in whatever order things happen, no plan, no approval.

Days pass, tiers change, plays open and end by their own rules, people accept, finish and close
them, interventions begin and end, owners come and leave. What a recovery plan is, is written here a
second time, from the words of the contract.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from health_pipeline.core.plays.enrol import enrol
from health_pipeline.core.plays.guard import discount_guard
from health_pipeline.core.plays.params import Play, PlayBook, Step
from health_pipeline.core.plays.people import ACTIONS, with_people
from health_pipeline.core.plays.recovery import recovery_plans
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of

FIRST = date(2026, 3, 1)
TIERS = st.sampled_from(["red", "red", "yellow", "green", "unscored"])
PEOPLE = st.sampled_from([None, "csm@us.example", "left@us.example"])
BOOK = PlayBook(
    plays={
        name: Play(name=name, title=name, goal="", cooldown_days=0, steps=steps)
        for name, steps in {
            "short": (Step(text="Call", due_days=1),),
            "long": (Step(text="Call", due_days=1), Step(text="Review", due_days=12)),
        }.items()
    },
    otherwise="short",
    hold_out=0.2,
    stand_ins={"left@us.example": None},
)
MOMENT = pl.Datetime("us", "UTC")


class Guarded(RuleBasedStateMachine):
    """One account with an open renewal that asks for a discount."""

    def __init__(self) -> None:
        super().__init__()
        self.day, self.since, self.tier = FIRST - timedelta(days=1), FIRST, ""
        self.plays = RESULT_TABLES["plays"].empty()
        self.actions: list[dict[str, Any]] = []
        self.interventions: list[dict[str, Any]] = []

    @rule(
        tier=TIERS,
        play=st.sampled_from(["short", "long"]),
        owner=PEOPLE,
        executive=PEOPLE,
        named=st.none() | st.integers(0, 3),
    )
    def a_day(self, tier, play, owner, executive, named):
        self.day += timedelta(days=1)
        self.since = self.since if tier == self.tier else self.day
        self.tier = tier
        key = {"account_id": "a", "date": self.day}
        scores = rows("health_scores", key | {"tier": tier, "tier_since": self.since, "arr": 9.0})
        told = key | {"direction": "risk", "rank": 1, "reason_code": "r", "play": play}
        people = pl.DataFrame(
            key | {"owner_email": owner, "exec_email": executive, "region": None},
            schema_overrides=dict.fromkeys(("owner_email", "exec_email", "region"), pl.String),
        )
        enrolled = enrol(scores, rows("reason_codes", told), self.plays, people, BOOK, "m")
        self.plays = with_people(enrolled, pl.DataFrame(self.actions, schema=ACTIONS))
        self.judge(scores, named)

    @precondition(lambda self: self.plays.height)
    @rule(which=st.integers(0, 9), action=st.sampled_from(["accept", "accept", "done", "close"]))
    def somebody_acts(self, which, action):
        play_id = self.plays["play_id"][which % self.plays.height]
        at = end_of(self.day) + timedelta(hours=1)
        self.actions.append(
            {"play_id": play_id, "action": action, "at": at, "by": "ann", "outcome": None}
        )

    @rule(
        started=st.booleans(),
        days=st.none() | st.integers(-2, 5),
        owner=PEOPLE,
        assignment=st.sampled_from([None, "treated", "held_out"]),
    )
    def an_intervention_is_opened(self, started, days, owner, assignment):
        due = None if days is None else end_of(self.day) + timedelta(days=days)
        self.interventions.append(
            {
                "account_id": "a",
                "intervention_id": f"int-{len(self.interventions)}",
                "started_at": end_of(self.day) if started else None,
                "completed_at": None,
                "due_at": due,
                "owner_email": owner,
                "assignment": assignment,
            }
        )

    @precondition(lambda self: self.interventions)
    @rule(which=st.integers(0, 9))
    def an_intervention_ends(self, which):
        self.interventions[which % len(self.interventions)]["completed_at"] = end_of(self.day)

    def judge(self, scores: pl.DataFrame, named: int | None) -> None:
        ids = [*self.plays["play_id"], *(one["intervention_id"] for one in self.interventions)]
        plan = ids[named % len(ids)] if ids and named is not None else None
        renewal = pl.DataFrame(
            {
                "account_id": "a",
                "date": self.day,
                "source": "crm",
                "opportunity_id": "o",
                "discount_requested_pct": 15.0,
                "stage": "open",
                "recovery_plan_id": plan,
            },
            schema_overrides={"recovery_plan_id": pl.String},
        )
        running = running_plays(self.plays, [self.day])
        plans = recovery_plans(running, self.known_interventions())
        row = discount_guard(renewal, scores, plans).row(0, named=True)
        sound = self.sound()
        wanted = sound if plan is None else sound & {plan}
        if row["decision"] == "allow":
            assert self.tier == "green" or wanted, (row, self.plays.to_dicts())
            assert self.tier == "green" or row["recovery_plan"] in wanted
        else:
            assert self.tier != "green"
            assert not wanted, (row, wanted)

    def known_interventions(self) -> pl.DataFrame | None:
        if not self.interventions:
            return None
        moments = ("started_at", "completed_at", "due_at")
        texts = ("owner_email", "assignment")
        return pl.DataFrame(
            [one | {"date": self.day} for one in self.interventions],
            schema_overrides=dict.fromkeys(moments, MOMENT) | dict.fromkeys(texts, pl.String),
        )

    def sound(self) -> set[str]:
        """Accepted by a person, owned by name, open, due on a day to come, not held out."""
        end = end_of(self.day)
        done: dict[str, set[str]] = {}
        for one in self.actions:
            play = self.plays.filter(pl.col("play_id") == one["play_id"]).row(0, named=True)
            late = play["closed_at"] is not None and one["at"] > play["closed_at"]
            if one["at"] <= end and not late:
                done.setdefault(one["play_id"], set()).add(one["action"])
        plays = {
            row["play_id"]
            for row in self.plays.iter_rows(named=True)
            if done.get(row["play_id"]) == {"accept"}
            and (row["closed_at"] is None or row["closed_at"] > end)
            and row["owner_email"] is not None
            and max(step["due"] for step in row["steps"]) > self.day
        }
        return plays | {
            one["intervention_id"]
            for one in self.interventions
            if one["started_at"] is not None
            and one["completed_at"] is None
            and one["owner_email"] is not None
            and one["due_at"] is not None
            and one["due_at"].date() > self.day
            and one["assignment"] != "held_out"
        }


def rows(table: str, *given: dict[str, Any]) -> pl.DataFrame:
    shape = RESULT_TABLES[table].columns
    return pl.DataFrame([dict.fromkeys(shape) | one for one in given], schema=shape)


class TestGuard(Guarded.TestCase):
    settings = settings(
        max_examples=50,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


@pytest.mark.torture
class TestGuardAlways(Guarded.TestCase):
    settings = settings(
        max_examples=1000,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

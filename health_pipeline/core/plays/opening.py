"""What a play is when it opens: steps with owners and dates, or that it is held out (R91)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from health_pipeline.core.plays.params import OwnerRole, Play, PlayBook, Step
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of

UNOWNED = "unowned"
HELD_OUT = "held_out"
EVERYWHERE = "default"
"""Holidays of regions that plays.yaml does not name."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the walk through the days needs to know."""

    playbook: PlayBook
    gate_plays: Mapping[str, str]
    model_version: str


def opened(
    play_id: str, episode: str, play: Play, code: str | None, row: Row, enrolment: Enrolment
) -> Row:
    """The row of a play that opens on the day of `row`.

    An episode that is held out, to measure what plays do, gets a row that is closed at once:
    nobody is to work on it, and whoever measures later finds it.
    """
    opened_at, book = end_of(row["date"]), enrolment.playbook
    holidays = book.holidays.get(row["region"] or EVERYWHERE, book.holidays.get(EVERYWHERE, ()))
    steps = [
        {
            "text": step.text,
            "owner": _owner(step.owner_role, row, book) or UNOWNED,
            "due": due(step, row["date"], holidays),
        }
        for step in play.steps
    ]
    made = dict.fromkeys(RESULT_TABLES["plays"].columns) | {
        "play_id": play_id,
        "account_id": row["account_id"],
        "episode_id": episode,
        "play": play.name,
        "reason_code": code,
        "opened_at": opened_at,
        "due_at": opened_at + timedelta(hours=play.due_hours),
        "owner_email": _owner("owner", row, book),
        "status": "proposed",
        "model_version": enrolment.model_version,
        "steps": steps,
    }
    if is_held_out(episode, book.hold_out):
        made |= {"status": "closed", "closed_at": opened_at, "outcome": HELD_OUT}
    return made


def due(step: Step, day: date, holidays: tuple[date, ...] = ()) -> date:
    """When a step that is opened on `day` is due: days, or working days without holidays."""
    if step.due_working_days is None:
        return day + timedelta(days=step.due_days)
    # From the first working day on: what opens on a Saturday counts from Monday.
    counted = np.busday_offset(
        np.datetime64(day, "D"),
        step.due_working_days,
        roll="forward",
        holidays=np.array(holidays, dtype="datetime64[D]"),
    )
    found: date = counted.astype(date)
    return found


def is_held_out(episode: str, share: float) -> bool:
    """Whether an episode belongs to the `share` that is held out: by its id, so always the same."""
    return int(stable_id(HELD_OUT, episode)[:8], 16) < share * 16**8


def _owner(role: OwnerRole, row: Row, book: PlayBook) -> str | None:
    """Who does a step: below the ARR threshold an executive's step falls to the owner (R90).

    An unknown ARR is not a small one. Where nobody holds a role, or who held it left and nobody
    stands in, the other one does it; null: there is neither.
    """
    from_arr = book.executive_from_arr
    too_small = from_arr is not None and row["arr"] is not None and row["arr"] < from_arr
    owner = still_here(row["owner_email"], book)
    executive = still_here(row["exec_email"], book)
    return owner or executive if role == "owner" or too_small else executive or owner


def still_here(email: str | None, book: PlayBook) -> str | None:
    """`email`, or whoever stands in for it; null when it is null, or left without a stand-in."""
    left = {name.lower(): stand_in for name, stand_in in book.stand_ins.items()}
    seen: set[str] = set()
    while email is not None and email.lower() in left:
        if email.lower() in seen:
            return None
        seen.add(email.lower())
        email = left[email.lower()]
    return email

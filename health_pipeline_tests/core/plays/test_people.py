"""What people did with plays, in the shell and in the CRM."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.core.plays.people import ACTIONS, actions_of, with_people, without
from health_pipeline.core.schemas.results import RESULT_TABLES

NOW = datetime(2026, 4, 1, tzinfo=UTC)
OPENED = datetime(2026, 3, 10, 23, 59, 59, 999999, tzinfo=UTC)


def at(days, hours=0):
    return OPENED + timedelta(days=days, hours=hours)


def plays(**changes):
    base = dict.fromkeys(RESULT_TABLES["plays"].columns) | {
        "play_id": "p1",
        "account_id": "a",
        "play": "call",
        "status": "proposed",
        "opened_at": OPENED,
        "steps": [],
    }
    return pl.DataFrame([base | changes], schema=RESULT_TABLES["plays"].columns)


def actions(*rows):
    return pl.DataFrame(rows, schema=ACTIONS, orient="row")


def interventions(**changes):
    base = {
        "source": "crm",
        "intervention_id": "i1",
        "account_id": "a",
        "play": "call",
        "opened_at": at(0, 9),
        "started_at": at(1),
        "completed_at": None,
        "owner_email": "csm@us.example",
        "outcome": None,
        "assignment": "treated",
        "known_at": at(1),
        "deleted_at": None,
    }
    moments = ("opened_at", "started_at", "completed_at", "known_at", "deleted_at")
    return pl.DataFrame(
        [base | changes],
        schema_overrides={
            **dict.fromkeys(moments, pl.Datetime("us", "UTC")),
            "outcome": pl.String,
            "owner_email": pl.String,
        },
    )


ACCEPT = ("p1", "accept", at(1), "csm-1", None)
AGAIN = ("p1", "accept", at(2), "csm-2", None)
DONE = ("p1", "done", at(2), "csm-2", "usage is back")
CLOSE = ("p1", "close", at(3), "lead", "smaller contract")

CASES = [
    ("nobody did anything", (), "proposed", None, None, None),
    ("accepted", (ACCEPT,), "accepted", "csm-1", at(1), None),
    ("twice: the first counts", (ACCEPT, AGAIN), "accepted", "csm-1", at(1), None),
    ("finished", (ACCEPT, DONE), "done", "csm-1", at(1), "usage is back"),
    ("finished without a word before", (DONE,), "done", "csm-2", at(2), "usage is back"),
    ("closed", (ACCEPT, CLOSE), "closed", "csm-1", at(1), "smaller contract"),
    ("closed unaccepted", (CLOSE,), "closed", None, at(3), "smaller contract"),
    ("of another play", (("p2", "accept", at(1), "csm-1", None),), "proposed", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "done", "status", "by", "touched", "outcome"), CASES, ids=[case[0] for case in CASES]
)
def test_what_people_do_shows(why, done, status, by, touched, outcome):
    once = with_people(plays(), actions(*done))
    row = once.row(0, named=True)
    found = (row["status"], row["accepted_by"], row["first_touch_at"], row["outcome"])
    assert found == (status, by, touched, outcome)
    assert with_people(once, actions(*done)).equals(once)


def test_what_the_rules_closed_stays_closed():
    over = plays(status="closed", closed_at=at(1), outcome="recovered")
    late = with_people(over, actions(("p1", "accept", at(2), "csm-1", None), CLOSE))
    assert late.equals(over)
    before = with_people(over, actions(("p1", "accept", at(0, 5), "csm-1", None)))
    row = before.row(0, named=True)
    assert (row["status"], row["outcome"], row["accepted_by"]) == ("closed", "recovered", "csm-1")


INTERVENTIONS = [
    ("by its id", {"intervention_id": "p1", "play": "other"}, ["accept"]),
    ("by its name", {}, ["accept"]),
    ("finished", {"completed_at": at(5)}, ["accept", "done"]),
    ("not begun", {"started_at": None}, []),
    ("of another play", {"play": "other"}, []),
    ("of another account", {"account_id": "b"}, []),
    ("an older matter", {"opened_at": at(-2)}, []),
    ("held out", {"assignment": "held_out"}, []),
    ("deleted", {"deleted_at": at(3)}, []),
    ("deleted on a day to come", {"deleted_at": NOW + timedelta(days=1)}, ["accept"]),
]


@pytest.mark.parametrize(
    ("why", "changes", "told"), INTERVENTIONS, ids=[case[0] for case in INTERVENTIONS]
)
def test_what_the_crm_says_of_plays(why, changes, told):
    found = actions_of(plays(), interventions(**changes), NOW)
    assert found["action"].sort().to_list() == told
    assert set(found["by"]) <= {"csm@us.example"}


def test_the_latest_version_of_an_intervention_counts():
    rows = pl.concat([interventions(started_at=None, known_at=at(0)), interventions()])
    assert actions_of(plays(), rows, NOW)["at"].to_list() == [at(1)]
    assert actions_of(plays(), None, NOW).is_empty()


def test_of_two_plays_of_a_name_the_later_one_that_was_open_is_answered():
    both = pl.concat(
        [plays(closed_at=at(2), status="closed"), plays(play_id="p2", opened_at=at(3))]
    )
    found = actions_of(both, interventions(opened_at=at(3, 9), started_at=at(4)), NOW)
    assert found["play_id"].to_list() == ["p2"]


def test_a_play_that_was_closed_by_then_is_not_answered():
    over = plays(closed_at=at(0, 8), status="closed")
    assert actions_of(over, interventions(), NOW).is_empty()


WITHDRAWN = [
    # why, what the intervention had said, what else was done, status, by, touched, outcome
    ("taken on", {}, (), "proposed", None, None, None),
    ("finished", {"completed_at": at(2)}, (), "proposed", None, None, None),
    ("at once", {"started_at": None, "completed_at": at(2)}, (), "proposed", None, None, None),
    ("taken on by a person too", {}, (AGAIN,), "accepted", "csm-2", at(2), None),
    ("a person was first", {"started_at": at(2)}, (ACCEPT,), "accepted", "csm-1", at(1), None),
    ("others too", {"completed_at": at(2)}, (DONE,), "done", "csm-2", at(2), "usage is back"),
    ("closed", {}, (CLOSE,), "closed", None, at(3), "smaller contract"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "said", "others", "status", "by", "touched", "outcome"),
    WITHDRAWN,
    ids=[case[0] for case in WITHDRAWN],
)
def test_what_the_crm_deleted_was_never_done(why, said, others, status, by, touched, outcome):
    stood, gone = interventions(**said), interventions(**said, deleted_at=at(5), known_at=at(5))
    done = pl.concat([actions(*others), actions_of(plays(), stood, NOW)])
    before = with_people(plays(), done)
    assert before.row(0, named=True)["status"] != "proposed"
    rows = pl.concat([stood, gone])
    withdrawn = actions_of(before, rows, NOW, deleted=True)
    left = pl.concat([actions(*others), actions_of(before, rows, NOW)])
    after = with_people(without(before, withdrawn), left)
    row = after.row(0, named=True)
    found = (row["status"], row["accepted_by"], row["first_touch_at"], row["outcome"])
    assert found == (status, by, touched, outcome)
    back = pl.concat([rows, interventions(**said, known_at=at(6))])
    assert actions_of(after, back, NOW, deleted=True).is_empty()

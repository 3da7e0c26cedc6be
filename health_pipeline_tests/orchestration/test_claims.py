"""From which day on a link counts, whatever it says of itself."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.engines.steps import NO_ACCOUNT
from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.core.schemas.frames import UNRESOLVED_EVENTS
from health_pipeline.orchestration.claims import claims
from health_pipeline.orchestration.landed import UNCLAIMED
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.bench.scale.people import identity

TODAY = date(2026, 3, 10)
NOBODY = "no account claims this source_user_id, and the event names no account"


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


def linked(users: dict[str, int], accounts: dict[str, int]):
    """Links of users and accounts, by key: so many days before TODAY."""
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    link = {"source": pl.String, "key": pl.String, "account_id": pl.String}
    frames = [
        pl.DataFrame(
            [("app", key, "acc", noon - timedelta(days=n)) for key, n in links.items()],
            schema={**link, "linked_at": pl.Datetime("us", "UTC")},
            orient="row",
        )
        for links in (users, accounts)
    ]
    user_links, account_xref = frames
    return identity(
        user_links.rename({"key": "source_user_id"}).with_columns(user_id="source_user_id"),
        account_xref.rename({"key": "source_account_id"}),
    )


def carried(known_on: date, user: str | None = None, account: str | None = None) -> pl.DataFrame:
    """One event that nobody claims."""
    why = NO_ACCOUNT if account else NOBODY
    row = (known_on, "events", "app", account or user, why, 1, known_on, user)
    return pl.DataFrame([row], schema=UNRESOLVED_EVENTS, orient="row")


@pytest.fixture
def lake(tmp_path):
    with closing(open_control(tmp_path / "control.db")) as control:
        yield Lake(tmp_path / "lake", control)


def put(lake: Lake, *writes: Write) -> None:
    lake.publish(writes, run_id="r", at=datetime(2026, 3, 10, tzinfo=UTC))


def counted(found, of: str = "user_links") -> dict[str, date]:
    frame = getattr(found.identity, of)
    return dict(zip(frame.to_series(1), frame["counts_on"], strict=True))


def run(lake: Lake, day: date, who, unresolved: pl.DataFrame | None = None, *, began: bool = True):
    found = claims(lake, Window(day, day), who, began=began)
    nothing = pl.DataFrame(schema=UNRESOLVED_EVENTS)
    put(lake, found.write(nothing if unresolved is None else unresolved))
    return found


NOBODYS = linked({}, {})
CASES = [
    # why, how many days ago the link says it is, from how many days ago on it counts
    ("dated in the past: from the run that finds it", 5, 0),
    ("… long ago", 90, 0),
    ("of the day itself", 0, 0),
    ("of a day to come: not yet", -3, -3),
]


@pytest.mark.parametrize(("why", "says", "counts"), CASES)
@pytest.mark.parametrize("kind", ["user", "account"])
def test_a_key_that_events_carried_counts_from_the_run_that_links_it(kind, why, says, counts, lake):
    run(lake, back(2), NOBODYS, carried(back(2), **{kind: "x"}), began=False)
    who = linked({"x": says}, {}) if kind == "user" else linked({}, {"x": says})
    of = "user_links" if kind == "user" else "account_xref"
    for day in (TODAY, TODAY, TODAY + timedelta(days=1)):  # run again, and the next one
        assert counted(run(lake, day, who), of) == {"x": back(counts)}, why


def test_a_key_that_no_event_carried_counts_on_the_day_of_its_link(lake):
    run(lake, back(2), NOBODYS, carried(back(2), user="x", account="y"), began=False)
    found = run(lake, TODAY, linked({"y": 50, "z": 50}, {"x": 50}))
    assert counted(found) == {"y": back(50), "z": back(50)}, "y is no user, z carried nothing"
    assert counted(found, "account_xref") == {"x": back(50)}, "x is no account"


def test_a_link_that_a_run_of_earlier_days_finds_counts_after_what_is_rolled_up(lake):
    run(lake, back(1), NOBODYS, carried(back(1), user="u1"))
    who = linked({"u1": 9}, {})
    found = claims(lake, Window(back(5), back(4)), who, began=True, earliest=TODAY)
    put(lake, found.write(pl.DataFrame(schema=UNRESOLVED_EVENTS)))
    assert counted(found) == {"u1": TODAY}
    assert counted(run(lake, TODAY, who)) == {"u1": TODAY}, "what is noted stands"


def test_a_later_link_of_the_same_user_counts_on_its_own_day(lake):
    run(lake, back(2), NOBODYS, carried(back(2), user="x"), began=False)
    run(lake, back(1), linked({"x": 40}, {}))
    moved = linked({"x": 0}, {})
    assert counted(run(lake, TODAY, moved)) == {"x": TODAY}


def test_a_key_that_was_linked_when_an_event_carried_it_waits_for_nothing(lake):
    """The link of that time names no account, say: no later run may move it."""
    who = linked({"x": 40}, {})
    run(lake, back(2), who, carried(back(2), user="x"), began=False)
    assert counted(run(lake, TODAY, who)) == {"x": back(40)}


def test_a_lake_without_notes_takes_what_is_linked_as_counted(lake):
    put(lake, *(Write(UNCLAIMED, back(n), carried(back(n), user=f"u{n}")) for n in (3, 4)))
    found = run(lake, TODAY, linked({"u3": 20}, {}))
    assert counted(found) == {"u3": back(20)}, "it would count twice"
    found = run(lake, TODAY + timedelta(days=1), linked({"u3": 20, "u4": 20}, {}))
    assert counted(found) == {"u3": back(20), "u4": TODAY + timedelta(days=1)}

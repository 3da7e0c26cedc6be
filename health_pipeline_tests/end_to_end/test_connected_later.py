"""What is connected, or handed in again, after days were published is counted from then on.

A lake that came to know of a table late has the same windows as one that had all of it at once.
"""

from __future__ import annotations

from datetime import date, timedelta
from errno import ENOSPC

import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration import activity
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline_tests.end_to_end.folders import remove
from health_pipeline_tests.end_to_end.shell import Place, health

DAYS = [date(2025, 3, 1) + timedelta(days=n) for n in range(24)]
FIRST, PUBLISHED, LAST = DAYS[14], DAYS[22], DAYS[23]


def hand_in(folder, late=()):
    """Accounts a0 to a3; u0 and u1 have events, a2 and a3 aggregates; `late` rows of events."""
    folder.mkdir(exist_ok=True)
    accounts = [f"product,a{n},Comp{'ABCD'[n]}x,comp{n}x.com,2025-01-05" for n in range(4)]
    users = [f"product,u{n},a{n},2025-02-01T00:00:00Z" for n in range(2)]
    events = [
        f"product,{day}-{n}-{part},{day}T10:00:00Z,u{n},workflow_run,{day}T10:00:05Z"
        for day in DAYS
        for n in range(2)
        for part in range(n + 1)
    ]
    aggregates = [f"product,a{n},,{day},event:login,{n}" for day in DAYS for n in (2, 3)]
    tables = {
        "accounts": ("source,source_account_id,name,domain,created_at", accounts),
        "users": ("source,source_user_id,source_account_id,created_at", users),
        "events": (
            "source,event_id,occurred_at,source_user_id,event_name,received_at",
            [*events, *late],
        ),
        "usage_daily": ("source,source_account_id,source_user_id,day,metric,value", aggregates),
    }
    for name, (header, rows) in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([header, *rows, ""]))
    return folder


def windows(place, *days):
    """Stored windows of `days`, by name of the account."""
    house = House(load_settings({}, lake=place.lake), load_model(None))
    with house.open() as stores:
        found = stores.lake.frame(USAGE_WINDOWS).filter(pl.col("date").is_in(days))
        names = stores.lake.frame("accounts").select("account_id", "name")
        return found.join(names, on="account_id").drop("account_id").sort("date", "name")


def measured(place, day):
    return place.table("signals").filter(date=day).select("account_id", "signal", "value", "status")


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    home = tmp_path_factory.mktemp("at_once")
    place = Place(home, hand_in(home / "sources"))
    assert place.run_days(FIRST, LAST).code == 0
    return place


@pytest.mark.parametrize("table", ["events", "usage_daily", "users"])
def test_a_table_that_comes_late_counts_from_its_first_row_on(table, at_once, tmp_path):
    folder = hand_in(tmp_path / "sources")
    remove(folder, table)
    place = Place(tmp_path, folder)
    assert place.run_days(FIRST, PUBLISHED).code == 0
    before = place.table("health_scores")
    hand_in(folder)
    assert place.run_days(LAST, LAST).code == 0
    told = windows(place, LAST)
    assert told["events_30d"].to_list() == [24, 48, 48, 72]
    # Nobody knew of these users in the weeks before: their weeks stay unknown.
    weeks = ["weekly_users"] if table == "users" else []
    assert told.drop(weeks).equals(windows(at_once, LAST).drop(weeks))
    assert measured(place, LAST).equals(measured(at_once, LAST))
    assert place.table("health_scores").filter(pl.col("date") < LAST).equals(before)
    assert place.run_days(LAST, LAST).code == 0
    assert windows(place, LAST).equals(told), "counted once"


@pytest.mark.parametrize(
    ("table", "command"),
    [("events", ("run",)), ("events", ("backfill", "--restate")), ("users", ("run",))],
)
def test_a_table_that_a_run_of_earlier_days_finds_first_counts_whole(
    table, command, at_once, tmp_path
):
    folder = hand_in(tmp_path / "sources")
    remove(folder, table)
    place = Place(tmp_path, folder)
    assert place.run_days(FIRST, PUBLISHED).code == 0
    hand_in(folder)
    earlier = ("--from", DAYS[15], "--to", DAYS[16])
    assert health(*command, *earlier, "--sources", folder, "--lake", place.lake).code == 0
    assert place.run_days(LAST, LAST).code == 0
    weeks = ["weekly_users"] if table == "users" else []
    assert windows(place, LAST).drop(weeks).equals(windows(at_once, LAST).drop(weeks))
    assert measured(place, LAST).equals(measured(at_once, LAST))


FLOWS = "  - {name: flows, events: [workflow_run], core: true, key: true}\n"
LOGINS = "  - {name: logins, events: [login]}\n"
CORE_LOGINS = "  - {name: logins, events: [login], core: true}\n"


@pytest.mark.parametrize(
    ("why", "before"),
    [
        ("features that nobody had fitted", FLOWS.replace("workflow_run", "sold")),
        ("another order of features", FLOWS + LOGINS),
        ("another value moment", f"{CORE_LOGINS}{FLOWS.replace('core: true, ', '')}"),
    ],
)
def test_what_events_mean_now_they_meant_all_along(why, before, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    place = Place(tmp_path / "daily", hand_in(tmp_path / "sources"))
    (model / "activity.yaml").write_text(f"features:\n{before}")
    assert place.run("--model", model, "--from", DAYS[20], "--to", PUBLISHED).code == 0
    scores = place.table("health_scores")
    (model / "activity.yaml").write_text(f"features:\n{LOGINS}{FLOWS}")
    assert place.run("--model", model).code == 0
    whole = Place(tmp_path / "whole", tmp_path / "sources")
    assert whole.run("--model", model, "--from", DAYS[20], "--to", LAST).code == 0
    assert windows(place, LAST).equals(windows(whole, LAST))
    assert windows(place, LAST)["core_events_30d"].to_list() == [24, 48, 0, 0]
    assert place.table("health_scores").filter(pl.col("date") < LAST).equals(scores)


def test_the_past_of_a_table_is_rolled_up_whole_though_a_run_breaks_off(
    at_once, tmp_path, monkeypatch
):
    folder = hand_in(tmp_path / "sources")
    remove(folder, "events")
    place = Place(tmp_path, folder)
    assert place.run_days(FIRST, PUBLISHED).code == 0
    hand_in(folder)
    monkeypatch.setattr(activity, "PART_EVENTS", 15)
    part, done = activity._roll_up_part, []

    def full_after_two(*args, **more):
        if len(done) == 2:
            raise OSError(ENOSPC, "no space left")
        done.append(args)
        return part(*args, **more)

    with monkeypatch.context() as cut:
        cut.setattr(activity, "_roll_up_part", full_after_two)
        told = place.run_days(LAST, LAST)
    assert (told.code, told.err.count("no space left")) == (1, 1), "and says so once"
    assert place.run_days(LAST, LAST).code == 0
    assert windows(place, LAST).equals(windows(at_once, LAST))
    assert measured(place, LAST).equals(measured(at_once, LAST))


def test_a_published_day_that_is_run_again_counts_for_the_days_after_it(tmp_path):
    day = DAYS[18]
    late = [
        f"product,late-{n},{day}T11:00:00Z,new{n},workflow_run,{day}T11:00:05Z" for n in range(3)
    ]
    place = Place(tmp_path / "daily", hand_in(tmp_path / "sources"))
    users = tmp_path / "sources" / "users.csv"
    more = "".join(f"product,new{n},a0,2025-02-01T00:00:00Z\n" for n in range(3))
    known = users.read_text() + more
    users.write_text(known)
    assert place.run_days(FIRST, PUBLISHED).code == 0
    hand_in(tmp_path / "sources", late)
    users.write_text(known)
    assert place.run_days(day, day).code == 0
    assert place.run_days(LAST, LAST).code == 0
    whole = Place(tmp_path / "whole", tmp_path / "sources")
    assert whole.run_days(FIRST, LAST).code == 0
    days = [d for d in DAYS if d >= FIRST]
    assert windows(place, *days).equals(windows(whole, *days))
    assert windows(place, LAST)["active_users_30d"].to_list()[0] == 4
    assert measured(place, LAST).equals(measured(whole, LAST))

"""`health backfill`: fills history in chunks, tells nobody, leaves what is published alone."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from importlib.resources import files

import polars as pl
import pytest

from health_pipeline.core.schemas.time import days_between
from health_pipeline.orchestration import chunks
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import add, rows_of, small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, health, same_tables

DAYS = days_between(END - timedelta(days=8), END - timedelta(days=5))
"""On the last of them an account has been calm for a week, whose play was opened before them."""

FITTED = days_between(DAYS[0] - timedelta(days=4), DAYS[0] - timedelta(days=1))
"""Published before every range here, so that all of them are judged by the same knots."""

ENDS = ("status", "closed_at", "outcome", "calm_since")
"""What the days of a play change of it."""

CONTROL = ("outbox", "evaluations", "delivery_attempts")


def backfill(place, first, last, *more):
    places = ("--sources", place.sources, "--lake", place.lake)
    return health("backfill", "--from", first, "--to", last, *places, *more)


def copy_of(place, home):
    """The same place once more, to be changed."""
    shutil.copytree(place.home, home)
    copy = Place(home, place.sources)
    with sqlite3.connect(home / "control.db") as base:
        base.execute("UPDATE lake SET path = ?", (str(copy.lake.resolve()),))
    base.close()
    return copy


def rows(place, *tables):
    return {table: place.control(f"SELECT * FROM {table} ORDER BY 1") for table in tables}  # noqa: S608 - our tables


def generations(place, days):
    """Manifest rows of the daily tables on these days."""
    wanted = {str(day) for day in days}
    return [row for row in place.manifest() if row[1] in wanted]


def recovered(place):
    """Plays that were opened before the days and ended on the last of them."""
    opened_on, closed_on = pl.col("opened_at").dt.date(), pl.col("closed_at").dt.date()
    plays = place.table("plays").filter(opened_on < DAYS[0], closed_on == DAYS[-1])
    return plays.filter(outcome="recovered")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, world):
    """A place with the first days published, from which the knots are. Read-only."""
    place = Place(tmp_path_factory.mktemp("fitted") / "home", world)
    assert place.run_days(FITTED[0], FITTED[-1]).code == 0
    return place


@pytest.fixture(scope="module")
def by_day(tmp_path_factory, fitted):
    """The days after it, one run each. Read-only."""
    place = copy_of(fitted, tmp_path_factory.mktemp("by_day") / "home")
    for day in DAYS:
        assert place.run_days(day, day).code == 0
    return place


@pytest.mark.parametrize("days", [1, 3, 31])
def test_any_chunks_give_what_the_days_give_one_by_one(days, fitted, by_day, tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_DAYS", days)
    place = copy_of(fitted, tmp_path / "home")
    told = backfill(place, DAYS[0], DAYS[-1])
    assert told.code == 0, told.err
    assert f"Filled: {len(DAYS)} days ({DAYS[0]} … {DAYS[-1]})" in told.out
    assert place.table("driver_transitions").height > 0
    assert recovered(place).height > 0
    assert same_tables(by_day, place, but=frozenset({"alerts"})) == []
    assert place.control("SELECT * FROM backfill_steps") == []


@pytest.fixture(scope="module")
def two_days(tmp_path_factory, world):
    """A place with the last two of the days published. Read-only."""
    place = Place(tmp_path_factory.mktemp("two_days") / "home", world)
    assert place.run_days(DAYS[-2], DAYS[-1]).code == 0
    return place


def test_days_before_the_first_published_one_are_filled_and_those_are_left(two_days, tmp_path):
    place = copy_of(two_days, tmp_path / "home")
    before, plays = generations(place, DAYS[-2:]), place.table("plays")
    export = (place.lake / "export/crm_fields.csv").read_bytes()
    told = backfill(place, DAYS[0], DAYS[-1])
    assert told.code == 0, told.err
    assert f"Filled: 2 days ({DAYS[0]} … {DAYS[1]})" in told.out
    assert f"Left as published (--restate computes them anew): 2 days ({DAYS[2]}" in told.out
    assert generations(place, DAYS[-2:]) == before
    assert place.table("baselines").equals(two_days.table("baselines"))
    assert place.table("health_scores")["model_version"].n_unique() == 1
    assert (place.lake / "export/crm_fields.csv").read_bytes() == export
    after = place.table("plays")
    assert after.join(plays, on="play_id", how="semi").equals(plays), "a published play changed"
    new = after.join(plays, on="play_id", how="anti")
    assert new.height > 0
    assert set(new["status"]) == {"closed"}
    again = backfill(place, DAYS[0], DAYS[-1])
    assert again.code == 0
    assert "Every day of the range is published already." in again.out


def test_a_backfill_killed_after_its_last_day_is_brought_to_its_end(by_day, tmp_path):
    """All days are published, but not the views, and its notes are still there."""
    place = copy_of(by_day, tmp_path / "home")
    (place.home / "health.duckdb").unlink()
    with sqlite3.connect(place.home / "control.db") as base:
        note = (str(DAYS[0]), str(DAYS[-1]), 0, "crm_fields", "", str(DAYS[-1]))
        base.execute("INSERT INTO backfill_steps VALUES (?, ?, ?, ?, ?, ?)", note)
    base.close()
    before = generations(place, DAYS)
    told = backfill(place, DAYS[0], DAYS[-1])
    assert told.code == 0, told.err
    assert "Went on from where an earlier backfill of these days was stopped" in told.out
    assert generations(place, DAYS) == before
    assert place.control("SELECT * FROM backfill_steps") == []
    assert same_tables(by_day, place) == []


def test_a_hole_is_filled_from_the_day_before_it(by_day, fitted, tmp_path):
    """Tiers, driver states and trends of the hole go on from the published day before it.

    Of plays those days do that nothing follows.
    """
    place = copy_of(fitted, tmp_path / "home")
    assert place.run_days(DAYS[2], DAYS[2]).code == 0
    published, plays = generations(place, DAYS[2:3]), place.table("plays")
    assert backfill(place, DAYS[0], DAYS[3]).code == 0
    assert generations(place, DAYS[2:3]) == published
    after = place.table("plays").join(plays, on="play_id", how="semi")
    assert after.drop(ENDS).equals(plays.drop(ENDS)), "a published play became another"
    assert after.filter(outcome="recovered").equals(recovered(by_day))
    for table in ("health_scores", "driver_states", "driver_transitions", "reason_codes"):
        hole = [one.table(table).filter(pl.col("date").is_in(DAYS[:2])) for one in (place, by_day)]
        assert hole[0].height > 0
        assert hole[0].equals(hole[1]), table


def test_restate_computes_published_days_and_what_follows_anew(by_day, tmp_path):
    place = copy_of(by_day, tmp_path / "home")
    packaged = files("health_pipeline") / "model" / "scoring.yaml"
    text = packaged.read_text("utf-8").replace("min_coverage: 0.6", "min_coverage: 0.5")
    (tmp_path / "scoring.yaml").write_text(text)
    model = ("--model", tmp_path)
    assert "published already" in backfill(place, DAYS[1], DAYS[2], *model).out
    told = backfill(place, DAYS[1], DAYS[2], "--restate", *model)
    assert told.code == 0, told.err
    assert f"Restated: 3 days ({DAYS[1]} … {DAYS[3]})" in told.out
    versions = place.sql("select date, min(model_version) as v from health_scores group by 1")
    old = versions.filter(pl.col("date") < DAYS[1])["v"].unique()
    new = versions.filter(pl.col("date") >= DAYS[1])["v"].unique()
    assert old.len() == new.len() == 1
    assert old[0] != new[0]
    assert rows(place, *CONTROL) == rows(by_day, *CONTROL)


WRONG = [
    # why, arguments, what is said
    ("before history", ("1999-01-01", END), "lies before history_start"),
    ("no range", (END, DAYS[0]), "lies after --to"),
    ("not over yet", (DAYS[0], "2999-01-01"), "is not over yet"),
    ("not a date", ("June", END), "not a date"),
]


@pytest.mark.parametrize(("why", "days", "said"), WRONG, ids=[case[0] for case in WRONG])
def test_a_range_that_cannot_be_is_refused(why, days, said, two_days):
    before = two_days.manifest()
    told = backfill(two_days, *days)
    assert told.code == 2
    assert said in told.err
    assert two_days.manifest() == before


def test_an_empty_folder_is_left_alone(tmp_path):
    (tmp_path / "sources").mkdir()
    told = backfill(Place(tmp_path, tmp_path / "sources"), DAYS[0], END)
    assert told.code == 0
    assert "nothing is connected" in told.out


def escalated(place, name, day):
    """On `day` every customer's ticket is escalated."""
    accounts = rows_of(place.sources, "tickets").select("source", "source_account_id").unique()
    tickets = [
        {
            **account,
            "ticket_id": f"{name}-{n}",
            "opened_at": f"{day}T08:00:00Z",
            "escalated_at": f"{day}T09:00:00Z",
        }
        for n, account in enumerate(accounts.drop_nulls().iter_rows(named=True))
    ]
    add(place.sources, "tickets", *tickets)


def test_a_backfill_through_yesterday_tells_nobody(tmp_path):
    last = yesterday()
    place = Place(tmp_path, tmp_path / "sources")
    write_as_of(small(last), place.sources, last)
    escalated(place, "loud", last)
    told = backfill(place, last - timedelta(days=2), last)
    assert told.code == 0, told.err
    assert "Alerts waiting" not in told.out
    news = place.table("driver_transitions").filter(~pl.col("silent"), pl.col("date") == last)
    assert news.filter(pl.col("signal") == "escalations").height > 0, "nothing to keep quiet about"
    assert "0 queued" in health("alerts", "deliver", "--lake", place.lake).out
    assert place.run().code == 0
    assert rows(place, *CONTROL) == {table: [] for table in CONTROL}
    assert place.run_days(last, last).code == 0  # a run of the day itself may speak of it
    assert place.control("SELECT count(*) FROM outbox") > [(0,)]


def test_the_next_daily_run_tells_its_own_changes_only(tmp_path):
    last = yesterday()
    before = last - timedelta(days=1)
    place = Place(tmp_path, tmp_path / "sources")
    world = small(last)
    write_as_of(world, place.sources, last)
    escalated(place, "old", before)
    assert backfill(place, last - timedelta(days=3), before).code == 0
    assert rows(place, *CONTROL) == {table: [] for table in CONTROL}
    told = place.run()
    assert told.code == 0, told.err
    changes = place.table("driver_transitions")
    old = changes.filter(pl.col("date") == before, pl.col("signal") == "escalations")
    assert old.filter(~pl.col("silent")).height > 0
    told_of = set(place.table("alerts")["transition_id"])
    assert told_of <= set(changes.filter(pl.col("date") == last)["transition_id"])
    states = place.table("driver_states").filter(pl.col("signal") == "escalations")
    held = states.filter(pl.col("date") == last, pl.col("state") == "risk")
    assert held.height > 0
    assert held["since"].max() <= before, "the states did not go on from the backfill"

"""Running again changes nothing; a range is its days; readers and alerts are not disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from importlib.resources import files

import polars as pl
import pytest

from health_pipeline.core.schemas.time import days_between
from health_pipeline.orchestration.window import yesterday
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import add, rows_of, small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place, files_of, health, same_tables

DAYS = days_between(END - timedelta(days=2), END)

READER = """
import sys, duckdb
base = duckdb.connect(sys.argv[1], read_only=True)
for _ in range(2):
    print(base.sql("select count(*), max(date), sum(score) from health_scores").fetchall())
    print(base.sql("select count(*) from contributions").fetchall(), flush=True)
    sys.stdin.readline()
"""


class Reader:
    """A BI tool that opened health.duckdb and keeps it open."""

    def __init__(self, place):
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(place.home / "health.duckdb")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.before = self.look()

    def look(self):
        return [self.process.stdout.readline() for _ in "ab"]

    def look_again(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.look()

    def close(self):
        self.process.communicate("\n", timeout=30)


@pytest.fixture(scope="module")
def ranged(tmp_path_factory):
    """The last three days in one run, the sources as they stand at the end."""
    home = tmp_path_factory.mktemp("ranged")
    place = Place(home, write_as_of(small(END), home / "sources", END))
    assert place.run_days(DAYS[0], DAYS[-1]).code == 0
    return place


@pytest.fixture(scope="module")
def daily(tmp_path_factory):
    """The same days one by one, each with what the sources knew at its end; a reader watches."""
    home = tmp_path_factory.mktemp("daily")
    world, place = small(END), Place(home, home / "sources")
    reader = None
    for day in DAYS:
        write_as_of(world, place.sources, day)
        told = place.run_days(day, day)
        assert told.code == 0, told.err
        if reader is None:
            reader = Reader(place)
    place.seen = reader.before, reader.look_again()
    reader.close()
    return place


def test_late_events_are_part_of_this(daily):
    late = daily.sql(
        "select max(known_at) as last from landing.events "
        "where cast(known_at as date) > cast(occurred_at as date)"
    )
    assert late["last"][0].date() > DAYS[0]


def test_a_range_is_its_days(ranged, daily):
    assert ranged.table("health_scores")["date"].unique().to_list() == DAYS
    assert same_tables(ranged, daily) == []


def test_a_reader_is_not_disturbed_by_runs(daily):
    before, after = daily.seen
    assert before == after, "what was opened stays as it was opened"
    assert str(DAYS[0].day) in before[0]
    assert daily.sql("select max(date) as d from health_scores")["d"][0] == END


AGAIN = [
    # why, arguments, what is said
    ("the last day", ("--from", END, "--to", END), f"Customer health on {END}"),
    ("a day in the middle", ("--from", DAYS[1], "--to", DAYS[1]), f"Customer health on {END}"),
    ("the whole range", ("--from", DAYS[0], "--to", END), f"Customer health on {END}"),
    ("no day in particular", (), "Every complete day of the data is published already"),
]


@pytest.mark.parametrize(("why", "args", "said"), AGAIN, ids=[c[0] for c in AGAIN])
def test_again_changes_nothing(why, args, said, daily):
    manifest, files = daily.manifest(), files_of(daily.lake)
    facts = {
        table: daily.control(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 - our tables
        for table in ("outbox", "evaluations", "account_registry", "model_versions", "landed_files")
    }
    told = daily.run(*args)
    assert told.code == 0, told.err
    assert said in told.out
    assert daily.manifest() == manifest
    assert files_of(daily.lake) == files
    for table, rows in facts.items():
        assert daily.control(f"SELECT * FROM {table} ORDER BY 1, 2") == rows, table  # noqa: S608 - our tables


def test_a_weight_changes_the_version_but_not_the_knots(ranged, tmp_path):
    knots = ranged.table("baselines").drop("model_version")
    assert knots.height > 0
    packaged = files("health_pipeline") / "model" / "scoring.yaml"
    changed = packaged.read_text("utf-8").replace("min_coverage: 0.6", "min_coverage: 0.5")
    assert changed != packaged.read_text("utf-8")
    (tmp_path / "scoring.yaml").write_text(changed)
    told = ranged.run("--from", END, "--to", END, "--model", tmp_path)
    assert told.code == 0, told.err
    versions = ranged.table("baselines").partition_by("model_version", include_key=False)
    assert len(versions) == 2
    assert all(version.equals(knots) for version in versions)


@pytest.fixture
def alarmed(tmp_path):
    """A world that ends yesterday, and on that day every customer's ticket is escalated."""
    last = yesterday()
    before = last - timedelta(days=1)
    place = Place(tmp_path, tmp_path / "sources")
    write_as_of(small(last), place.sources, last)
    accounts = rows_of(place.sources, "tickets").select("source", "source_account_id").unique()
    tickets = [
        {
            **account,
            "ticket_id": f"calm-{n}",
            "opened_at": f"{before - timedelta(days=20)}T08:00:00Z",
            "resolved_at": f"{before - timedelta(days=19)}T08:00:00Z",
        }
        for n, account in enumerate(accounts.drop_nulls().iter_rows(named=True))
    ]
    add(place.sources, "tickets", *tickets)
    assert place.run_days(before, before).code == 0
    for ticket in tickets:
        ticket["ticket_id"] = ticket["ticket_id"].replace("calm", "loud")
        ticket["opened_at"] = f"{last}T08:00:00Z"
        ticket["escalated_at"] = f"{last}T09:00:00Z"
        del ticket["resolved_at"]
    add(place.sources, "tickets", *tickets)
    assert place.run_days(last, last).code == 0
    return place


def test_alerts_are_told_once(alarmed):
    outbox = "SELECT key, payload, created_at FROM outbox ORDER BY 1"
    queued = alarmed.control(outbox)
    assert len(queued) > 0, "an escalation is news"
    last = yesterday()
    assert alarmed.run_days(last, last).code == 0
    assert alarmed.control(outbox) == queued
    delivered = health("alerts", "deliver", "--lake", alarmed.lake)
    assert delivered.code == 0, delivered.err
    sent = alarmed.control("SELECT payload FROM outbox WHERE state = 'delivered'")
    assert sent, "an escalation does not wait for a digest"
    assert f"0 queued, {len(sent)} delivered" in delivered.out
    again = health("alerts", "deliver", "--lake", alarmed.lake)
    assert "0 queued, 0 delivered" in again.out
    assert alarmed.run_days(last, last).code == 0
    assert alarmed.control(outbox) == queued
    rest = alarmed.control("SELECT DISTINCT kind FROM outbox WHERE state <> 'delivered'")
    assert rest in ([], [("digest",)])
    told = alarmed.table("deliveries") if alarmed.sql("from deliveries").height else pl.DataFrame()
    assert told.height == sum(max(1, len(json.loads(one)["alerts"])) for (one,) in sent)


def test_events_that_nobody_claims_are_counted_day_by_day_as_in_a_range(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    days = [END - timedelta(days=n) for n in (2, 1, 0)]
    stray = "".join(
        f"product,e{n},{day}T10:00:00Z,ghost-{n % 2},login,{day}T10:00:00Z\n"
        for n, day in enumerate(days)
    )
    header = "source,event_id,occurred_at,source_user_id,event_name,received_at\n"
    (folder / "events.csv").write_text(header + stray)
    (folder / "accounts.csv").write_text("source,source_account_id,name\ncrm,1,Ada\n")
    whole, daily = Place(tmp_path / "whole", folder), Place(tmp_path / "daily", folder)
    assert whole.run_days(days[0], days[-1]).code == 0
    for day in days:
        assert daily.run_days(day, day).code == 0
    counted = whole.table("unresolved").filter(pl.col("table") == "events")
    assert counted.select("key", "rows").rows() == [("ghost-0", 2), ("ghost-1", 1)]
    assert counted.equals(daily.table("unresolved").filter(pl.col("table") == "events"))


def test_a_source_connected_later_keeps_default_knots_until_a_refit(tmp_path, small_world):
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in ("accounts", "account_links"):
        (folder / f"{name}.csv").write_bytes((small_world / f"{name}.csv").read_bytes())
    place, day = Place(tmp_path, folder), END - timedelta(days=1)
    assert "default knots" not in place.run_days(day, day).out
    (folder / "tickets.ndjson").write_bytes((small_world / "tickets.ndjson").read_bytes())
    assert "Measured by default knots until `health run --refit`" in place.run_days(END, END).out
    refitted = place.run("--from", END, "--to", END, "--refit")
    assert refitted.code == 0, refitted.err
    assert "default knots" not in refitted.out

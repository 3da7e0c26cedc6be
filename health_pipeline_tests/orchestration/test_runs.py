"""The chain run by Dagster itself: partitions, checks, metadata, what a failure stops."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.orchestration.house import House
from health_pipeline_tests.orchestration.conftest import FIRST, LAST, NEXT
from health_pipeline_tests.orchestration.small_world import house_in, instance_in, run_days

DAYS = ["2025-09-27", "2025-09-28", "2025-09-29", "2025-09-30"]
WALL_CLOCK = {"scored_at", "health_scored_at", "linked_at", "at", "opened_at", "task_at"}


def materialized(result) -> set[str]:
    return {
        event.asset_key.to_user_string()
        for event in result.all_events
        if event.is_step_materialization
    }


def checks(result) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {
        (check.asset_key.to_user_string(), check.check_name): check
        for check in result.get_asset_check_evaluations()
    }


def metadata(result, asset: str) -> dict[str, dg.MetadataValue]:
    """Metadata of the last materialisation of `asset`."""
    (*_, last) = [
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey(asset.split("/"))
    ]
    return last.metadata


def test_a_range_and_a_single_partition_are_complete_for_every_daily_asset(ran):
    assert ran.ranged.success
    assert ran.single.success
    graph = ran.ranged.job_def.asset_layer.asset_graph
    daily = {key for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned}
    chosen = daily & ran.ranged.job_def.asset_layer.executable_asset_keys
    assert len(chosen) > 10
    for key in chosen:
        assert sorted(ran.instance.get_materialized_partitions(key)) == DAYS, key
    with ran.house.open() as stores:
        assert [str(day) for day in stores.lake.days("crm_fields")] == DAYS


def test_every_check_is_evaluated_and_no_contract_is_broken(ran):
    found = checks(ran.single)
    assert found.keys() == {
        (key.asset_key.to_user_string(), key.name)
        for key in ran.single.job_def.asset_layer.asset_graph.asset_check_keys
        if key.asset_key in ran.single.job_def.asset_layer.executable_asset_keys
    }
    contracts = [check for (_, name), check in found.items() if name == "contract"]
    assert contracts
    assert all(check.passed and check.blocking for check in contracts)


SEVERITIES = [
    ("a broken row is a warning: the others went on", "users", "rows_keep_contract", "WARN"),
    ("two rows of few are beyond the share", "subscriptions", "rows_keep_contract", "ERROR"),
]


@pytest.mark.parametrize(("why", "table", "check", "severity"), SEVERITIES)
def test_broken_rows_fail_a_check_that_blocks_nothing(ran, why, table, check, severity):
    found = checks(ran.ranged)[f"landing/{table}", check]
    assert not found.passed
    assert not found.blocking
    assert found.severity.name == severity, why
    assert found.metadata["quarantined"].value == ran_quarantine(ran.house, table)


def ran_quarantine(house: House, table: str) -> int:
    with house.open() as stores:
        rows = stores.lake.frame("quarantine").filter(pl.col("table") == table)
    return rows.select("origin", "key").unique().height


def test_a_range_describes_its_last_day(ran):
    with ran.house.open() as stores:
        for asset in ("health_scores", "signals", "driver_states"):
            rows = stores.lake.frame(asset, LAST, LAST).height
            assert metadata(ran.ranged, asset)["dagster/row_count"].value == rows > 0


@pytest.mark.parametrize("table", ["events", "tickets"])
def test_a_landed_table_counts_all_its_rows(ran, table):
    with ran.house.open() as stores:
        rows = stores.lake.frame(f"landing/{table}").height
    shown = metadata(ran.single, f"landing/{table}")
    assert shown["dagster/row_count"].value == rows > 0
    assert shown["rows_read_now"].value == 0, "a file that has landed is not read again"


SHOWN = [
    ("health_scores", "scores", "![Scores of"),
    ("health_scores", "tier_shares", "![Share of accounts in each tier]"),
    ("health_scores", "red_share", "![0"),
    ("activity", "events_a_day", "!["),
]


@pytest.mark.parametrize(("asset", "name", "start"), SHOWN)
def test_plots_are_markdown_images_that_need_no_network(ran, asset, name, start):
    shown = metadata(ran.ranged, asset)[name]
    assert isinstance(shown, dg.MarkdownMetadataValue)
    assert shown.value.startswith(start)
    assert "](data:image/" in shown.value


def test_tables_are_shown_as_tables_and_the_sample_comes_last(ran):
    for asset in ("health_scores", "segments", "reason_codes", "alerts", "account_xref"):
        shown = metadata(ran.single, asset)
        assert isinstance(shown["sample"], dg.TableMetadataValue), asset
        assert list(shown)[-1] == "sample", asset
    tiers = metadata(ran.ranged, "health_scores")["tiers"]
    assert sum(record.data["accounts"] for record in tiers.records) > 0


def test_a_broken_contract_is_not_published_and_stops_what_follows(tmp_path, ran):
    """The population of a day holds an account twice: scores of that day would count it twice."""
    house = copy_of(ran.house, tmp_path)
    with house.open() as stores:
        people = stores.lake.frame("population", NEXT, NEXT)
        doubled = pl.concat([people, people.head(1)])
        stores.lake.publish([Write("population", NEXT, doubled)], run_id="x", at=house.now())
        files = stores.lake.files("segments", NEXT, NEXT)
    rest = ["segments", "signals", "health_scores", "contributions", "reason_codes", "crm_fields"]
    with instance_in(tmp_path / "dagster") as instance:
        result = run_days(house, instance, NEXT, assets=rest)
    assert not result.success
    check = checks(result)["segments", "contract"]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert r"account\_id" in check.metadata["failures"].value
    assert materialized(result) == {"segments"}, "something ran although its input is broken"
    with house.open() as stores:
        assert stores.lake.files("segments", NEXT, NEXT) == files, "a broken table was published"


def copy_of(house: House, home: Path) -> House:
    """A house over a copy of the lake; its control.db is told that the copy is the lake now."""
    shutil.copytree(house.settings.lake, home / "lake")
    shutil.copy(house.settings.control_db, home / "control.db")
    connection = sqlite3.connect(home / "control.db")
    with connection:
        connection.execute("UPDATE lake SET path = ?", (str((home / "lake").resolve()),))
    connection.close()
    return house_in(home, house.settings.sources)


ALONE = (
    ["segments"],
    ["signals", "health_scores", "contributions"],
    ["reason_codes"],
    ["score_changes"],
    ["driver_states", "driver_transitions"],
    ["discount_guard"],
    ["narratives"],
    ["crm_fields"],
)
"""What is made by one step, from a table of the same day."""


def test_an_older_day_leaves_the_days_between_unscored(tmp_path, ran):
    """What was never scored is not published as a day without accounts."""
    house, older = copy_of(ran.house, tmp_path), date(2025, 9, 20)
    with instance_in(tmp_path / "dagster") as instance:
        assert run_days(house, instance, older).success
        for alone in ALONE:
            assert not run_days(house, instance, date(2025, 9, 24), assets=alone).success, alone
    with house.open() as stores:
        for table in ("health_scores", "driver_states", "reason_codes", "narratives", "crm_fields"):
            assert [str(day) for day in stores.lake.days(table)] == [str(older), *DAYS], table
        for day in stores.lake.days("health_scores"):
            assert stores.lake.frame("health_scores", day, day).height > 0


def test_a_table_that_cannot_be_read_fails_its_check_and_nothing_else(tmp_path, sources, ran):
    broken = tmp_path / "sources"
    shutil.copytree(sources, broken)
    tickets = next(broken.glob("tickets*"))
    tickets.unlink()
    (broken / "tickets.parquet").write_bytes(b"no parquet file")
    house = house_in(tmp_path, broken)
    with instance_in(tmp_path / "dagster") as instance:
        result = run_days(house, instance, FIRST, LAST)
    assert result.success
    readable = {name: check for (name, kind), check in checks(result).items() if kind == "readable"}
    assert [name for name, check in readable.items() if not check.passed] == ["landing/tickets"]
    why = readable["landing/tickets"]
    assert why.severity is dg.AssetCheckSeverity.ERROR
    assert "tickets.parquet" in why.metadata["why"].value
    assert why.metadata["last_good_landing_in_force"].value is False
    with house.open() as stores:
        assert [str(day) for day in stores.lake.days("crm_fields")] == DAYS[:3]
        told = stores.control.execute("SELECT key, payload FROM outbox").fetchall()
    (on_call,) = [payload for key, payload in told if key.startswith("failed_check:")]
    assert f"tickets could not be read for {LAST}" in on_call
    assert "tickets.parquet" in on_call


UNMOUNTED = [
    # why, whether the folder is there, what is said
    ("no folder", False, "not_mounted: no such folder"),
    ("the empty folder of a share", True, "not_mounted: no file of any table is there"),
]


@pytest.mark.parametrize(("why", "is_there", "said"), UNMOUNTED, ids=[c[0] for c in UNMOUNTED])
def test_without_the_sources_a_run_fails_and_publishes_no_day(why, is_there, said, tmp_path, ran):
    """A share that is not mounted is no day without use: the day waits until it is there again."""
    copied = copy_of(ran.house, tmp_path)
    house = house_in(tmp_path, tmp_path / "not_mounted")
    if is_there:
        house.settings.sources.mkdir()
    with instance_in(tmp_path / "dagster") as instance:
        result = run_days(house, instance, date(2025, 10, 1))
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert failed.step_key == "landing"
    assert said in str(failed.step_failure_data.error), why
    with copied.open() as stores:
        assert [str(day) for day in stores.lake.days("crm_fields")] == DAYS


def test_the_shell_publishes_the_same_tables(tmp_path, sources, ran):
    lake = tmp_path / "lake"
    health = Path(sys.executable).parent / "health"
    clean = {name: text for name, text in os.environ.items() if not name.startswith("HEALTH_")}
    clean.pop("DAGSTER_HOME", None)
    for first, last in ((FIRST, LAST), (NEXT, NEXT)):
        days = ["--from", str(first), "--to", str(last)]
        place = ["--sources", str(sources), "--lake", str(lake)]
        told = subprocess.run(
            [str(health), "run", *days, *place],
            env=clean,
            capture_output=True,
            check=False,
            timeout=300,
        )
        assert told.returncode == 0, told.stderr.decode()
    shell = house_in(tmp_path, sources)
    with ran.house.open() as ours, shell.open() as theirs:
        assert theirs.lake.tables() == ours.lake.tables()
        for name in ours.lake.tables():
            wanted, found = (
                frame.drop(WALL_CLOCK & set(frame.columns))
                for frame in (ours.lake.frame(name), theirs.lake.frame(name))
            )
            assert found.equals(wanted), name

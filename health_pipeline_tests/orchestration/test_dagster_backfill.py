"""Backfills that Dagster launches itself: from the page of the job, and from the graph."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._time import get_current_timestamp

from health_pipeline.orchestration.definitions import LEARNING
from health_pipeline_tests.orchestration.small_world import house_in

DAYS = ["2025-09-29", "2025-09-30"]
MOST_TICKS = 12
ID = "history"

CODE = """
from pathlib import Path

from health_pipeline.orchestration.definitions import build_definitions
from health_pipeline_tests.orchestration.small_world import house_in

defs = build_definitions(house_in(Path({home!r}), Path({sources!r})))
"""

AT_ONCE = {
    "run_coordinator": {
        "module": "dagster._core.run_coordinator",
        "class": "DefaultRunCoordinator",
    },
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
}


def of_the_job(request: Any, days: Sequence[str]) -> PartitionBackfill:
    """What *Launch backfill* on the page of the job stores."""
    (location,) = request.code_locations
    (repository,) = location.get_repositories().values()
    (chosen,) = (p for p in repository.get_partition_sets() if p.job_name == "daily_health")
    return PartitionBackfill(
        backfill_id=ID,
        partition_set_origin=chosen.get_remote_origin(),
        status=BulkActionStatus.REQUESTED,
        partition_names=days,
        from_failure=False,
        reexecution_steps=None,
        tags={},
        backfill_timestamp=get_current_timestamp(),
    )


def of_the_graph(request: Any, days: Sequence[str]) -> PartitionBackfill:
    """What *Materialize all* on the asset graph stores."""
    graph = request.asset_graph
    learning = {dg.AssetKey(name) for name in LEARNING}
    return PartitionBackfill.from_asset_partitions(
        backfill_id=ID,
        asset_graph=graph,
        partition_names=days,
        asset_selection=[key for key in graph.get_all_asset_keys() if key not in learning],
        backfill_timestamp=get_current_timestamp(),
        tags={},
        dynamic_partitions_store=request.instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )


WAYS = [
    # why, how it is launched, runs
    ("the job: one run", of_the_job, 1),
    ("the graph: those with and without partitions take turns", of_the_graph, 7),
]


# Runs are executed inside the event loop of the daemon that launches them, as only a test does.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("why", "launched", "runs"), WAYS, ids=[case[0] for case in WAYS])
def test_a_backfill_of_dagster_is_complete_and_silent(why, launched, runs, tmp_path, sources):
    code = tmp_path / "code.py"
    code.write_text(CODE.format(home=str(tmp_path), sources=str(sources)))
    with (
        dg.instance_for_test(overrides=AT_ONCE) as instance,
        create_test_daemon_workspace_context(
            PythonFileTarget(str(code), "defs", str(tmp_path), "here"), instance
        ) as workspace,
    ):
        instance.add_backfill(launched(workspace.create_request_context(), DAYS))
        for _ in range(MOST_TICKS):
            list(execute_backfill_iteration(workspace, logging.getLogger("test")))
            status = instance.get_backfill(ID).status
            if status is not BulkActionStatus.REQUESTED:
                break
        assert status is BulkActionStatus.COMPLETED_SUCCESS
        assert instance.get_runs_count() == runs
        for name in ("population", "health_scores", "crm_fields"):
            assert sorted(instance.get_materialized_partitions(dg.AssetKey(name))) == DAYS, name
    _assert_whole_and_silent(house_in(tmp_path, sources))


def _assert_whole_and_silent(house) -> None:
    with house.open() as stores:
        lake, control = stores.lake, stores.control
        for table in ("health_scores", "driver_states", "narratives", "crm_fields"):
            assert [str(day) for day in lake.days(table)] == DAYS, table
        assert lake.frame("health_scores").height > 0
        red = lake.frame("health_scores").filter(tier="red")["account_id"].unique()
        assert red.len() > 0
        assert set(lake.frame("plays")["account_id"]) >= set(red), "plays did not see the range"
        assert lake.frame("baselines")["fitted_through"].max() <= date.fromisoformat(DAYS[-1])
        for table, rows in (("outbox", 0), ("evaluations", 0), ("backfill_steps", 0)):
            counted = control.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our tables
            assert counted.fetchall() == [(rows,)], table

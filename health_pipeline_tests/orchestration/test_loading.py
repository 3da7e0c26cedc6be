"""The front door opens quickly and without a word, whichever way it is opened."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from health_pipeline import ALLOCATOR, OF_POLARS

ROOT = Path(__file__).parents[2]
MOST_CPU_SECONDS = 2.5
MOST_IMPORTS_OF_DAGSTER = 4
"""Where a machine is too slow for these seconds: so many times what `import dagster` costs."""

LOAD = """
import resource
{what}
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""


def environment(home: Path) -> dict[str, str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("HEALTH_")}
    return clean | {"DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"}


def printed(code: str, home: Path) -> str:
    """What a process that runs `code` prints; it says nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def cpu_seconds(what: str, home: Path) -> float:
    """Of a process that does `what`."""
    return float(printed(LOAD.format(what=what), home))


def test_definitions_load_quickly_and_without_a_warning(tmp_path):
    load = "from health_pipeline.definitions import defs; defs.get_repository_def()"
    used, dagster = (cpu_seconds(what, tmp_path) for what in (load, "import dagster"))
    assert used <= max(MOST_CPU_SECONDS, MOST_IMPORTS_OF_DAGSTER * dagster)


NOT_LOADED = [
    ("help of the commands", "health_pipeline.cli.app", ("dagster", "scipy", "sklearn", "splink")),
    ("the definitions", "health_pipeline.definitions", ("scipy", "sklearn", "splink", "pandas")),
]


@pytest.mark.parametrize(("why", "module", "absent"), NOT_LOADED, ids=[c[1] for c in NOT_LOADED])
def test_what_is_slow_to_load_waits_until_it_is_needed(why, module, absent, tmp_path):
    loaded = set(printed(f"import {module}, sys; print(*sys.modules)", tmp_path).split())
    assert module in loaded
    assert loaded.isdisjoint(absent), why


def test_dagster_itself_accepts_the_workspace(tmp_path):
    told = subprocess.run(
        [
            f"{Path(sys.executable).parent}/dagster",
            "definitions",
            "validate",
            "-w",
            "workspace.yaml",
        ],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = told.stdout + told.stderr
    assert told.returncode == 0, said
    assert "Validation successful for code location health_pipeline" in said


def test_the_workspace_and_the_project_name_one_module():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = pyproject["tool"]["dg"]["project"]
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text("utf-8"))
    (place,) = workspace["load_from"]
    assert pyproject["tool"]["dg"]["directory_type"] == "project"
    assert project["code_location_target_module"] == place["python_module"]["module_name"]
    assert project["root_module"] == place["python_module"]["location_name"]
    # Beside [tool.dagster], dagster dev would serve the location twice.
    assert "dagster" not in pyproject["tool"]


def test_the_instance_settings_are_settings_that_dagster_knows(tmp_path):
    import dagster as dg

    text = (ROOT / "health_pipeline/orchestration/dagster.yaml").read_text("utf-8")
    (tmp_path / "dagster.yaml").write_text(text, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.freshness_enabled, "freshness policies would never be evaluated"
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_retries_enabled
        assert instance.get_settings("run_retries")["retry_on_asset_or_op_failure"] is False
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1


KEPT = """
import os
import health_pipeline.cli.app
import polars
print(os.environ["_RJEM_MALLOC_CONF"])
"""


POOLS = max(1, os.cpu_count() // 2)
OURS = f"dirty_decay_ms:20000,oversize_threshold:0,narenas:{POOLS}"
ALLOCATED = [
    # why, what the environment says, what counts
    ("freed memory is kept for twenty seconds, in few pools", {}, OURS),
    ("also below a process that has loaded polars alone", {ALLOCATOR: OF_POLARS}, OURS),
    ("also below one of ours", {ALLOCATOR: f"{OF_POLARS},{OURS}"}, OURS),
    ("what the operator says wins", {ALLOCATOR: "narenas:1"}, "narenas:1"),
]


@pytest.mark.parametrize(("why", "given", "used"), ALLOCATED, ids=[c[0] for c in ALLOCATED])
def test_the_allocator_is_told_before_polars_is_loaded(why, given, used, tmp_path):
    clean = {k: v for k, v in environment(tmp_path).items() if k != ALLOCATOR}
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", KEPT],
        cwd=ROOT,
        env=clean | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.strip().endswith(f",{used}"), "after polars' own, so that it counts"
    # Modules are listed once they are there, so the package may come after what it imports.
    loaded = [line.rsplit("|", 1)[-1].strip() for line in told.stderr.splitlines()]
    assert "polars" in loaded
    assert loaded.index("health_pipeline") < loaded.index("polars")

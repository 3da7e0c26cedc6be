"""The harness measures what it says, on a world too small for its figures to mean anything."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.house import House
from health_pipeline_tests.bench.__main__ import RUNS, SECTIONS, bench
from health_pipeline_tests.bench.computation import compute
from health_pipeline_tests.bench.figures import SMALL, Figures, Sizes, take
from health_pipeline_tests.bench.measure import Spent, child, clock, median
from health_pipeline_tests.bench.report import document, limits
from health_pipeline_tests.bench.scale.sizes import Scale
from health_pipeline_tests.bench.stages import BEFORE_STEPS
from health_pipeline_tests.bench.world import END, World


@pytest.fixture(scope="session")
def measured(tmp_path_factory) -> tuple[Path, Figures]:
    folder = tmp_path_factory.mktemp("bench")
    return folder, take(folder, SMALL)


def test_every_figure_is_taken(measured):
    figures = measured[1]
    spent = [getattr(figures, field.name) for field in fields(figures)]
    for one in (one for one in spent if isinstance(one, Spent)):
        assert one.cpu > 0
        assert one.wall > 0
        assert one.peak > 0
    assert {BEFORE_STEPS, "landing", "activity", "scores", "views"} <= figures.first_steps.keys()
    assert all(cpu > 0 for cpu, _ in figures.bare_stages.values())


def test_the_report_names_every_step_and_limit(measured):
    figures = measured[1]
    text = document(figures, {}, [], {"Processor": "one"})
    for name in (
        *figures.first_steps,
        *figures.bare_stages,
        *(one.name for one in limits(figures)),
    ):
        assert f"| {name} |" in text
    assert "nan" not in text


def test_the_computation_alone_gives_the_scores_that_the_run_publishes(measured):
    world = World(measured[0], SMALL.days)
    house = House(load_settings({}, sources=world.today, lake=world.lake), load_model(None))
    world.restore()
    alone = compute(house, END)[0].health_scores
    world.daily_run(recorded=False)
    with house.open() as stores:
        published = stores.lake.frame("health_scores", END, END)
    assert alone.height > 0
    assert alone.drop("scored_at").equals(published.drop("scored_at"))


def test_a_child_that_fails_is_no_figure():
    with pytest.raises(RuntimeError, match="there is no figure"):
        child("-c", "raise SystemExit('there is no figure')")


def test_cpu_wall_and_memory_are_those_of_the_child():
    spent = child("-c", "import time; time.sleep(0.3); block = bytearray(300_000_000)")
    assert spent.wall >= 0.3
    assert spent.cpu < spent.wall
    assert spent.peak > 280


def test_a_clock_counts_the_work_of_this_process():
    found: list[Spent] = []
    with clock(found.append):
        before = os.times()
        while sum(os.times()[:2]) - sum(before[:2]) < 0.05:
            pass
    assert found[0].cpu == pytest.approx(0.05, abs=0.03)


def test_each_median_stands_for_itself():
    spent = [Spent(1, 9, 5), Spent(2, 1, 4), Spent(7, 2, 6)]
    assert median(spent) == Spent(2, 2, 5)


@pytest.mark.bench
def test_the_limits_are_kept(tmp_path):
    report = tmp_path / "benchmarks.md"
    assert bench([RUNS, *SECTIONS], Sizes(), Scale(), report) == 0, report.read_text("utf-8")

"""The same roll-up on Spark, where it is installed."""

from __future__ import annotations

import json
from pathlib import Path

from health_pipeline_tests.bench.line import ratio
from health_pipeline_tests.bench.machine import APART, VENV
from health_pipeline_tests.bench.measure import child
from health_pipeline_tests.bench.scale.parts import One, Section
from health_pipeline_tests.bench.scale.sizes import Scale
from health_pipeline_tests.bench.scale.taken import LIMITED, same, taken, together

TITLE = "Spark"

ENVIRONMENT = {**LIMITED, "PYTHONPATH": str(VENV / APART["pyspark"])}

ABOUT = """The same SQL files over the same day of events on a Spark standalone cluster, a master
and two workers of one core each, on loopback. CPU is that of driver, master, workers and executors;
the start of the cluster and of the session is not counted. All tables of the roll-up are the same,
row for row. Spark is judged by its later, warm roll-ups; DuckDB worked before and after it."""


def spark(one: One, scale: Scale, folder: Path) -> Section:
    """DuckDB and Spark in turns; a section that says why, where Spark cannot be had."""
    alone = [one("roll_up")]
    told = json.loads(
        child("-m", f"{__package__}.spark", folder, str(1 + scale.times), env=ENVIRONMENT).out
    )
    if isinstance(told, dict):
        return Section(TITLE, f"Skipped: {told['skipped']}.")
    alone += [one("roll_up") for _ in range(scale.times - 1)]
    cold, warm = taken(told[0]), together([taken(each) for each in told[1:]], "Spark")
    ours = together(alone, "roll_up")
    found = {"DuckDB": ours, "Spark, first": cold, "Spark, warm": warm}
    for table in ours.gave:
        same(found, table, *found)
    return Section(
        TITLE,
        ABOUT,
        {
            "Roll-up of the day on DuckDB": ours,
            "Roll-up on Spark, the first of a session": cold,
            "Roll-up on Spark, later ones of the session": warm,
        },
        (
            ratio("Spark, to DuckDB", warm.spent, ours.spent, 5, at_least=True),
            ratio("Spark's first roll-up, to DuckDB", cold.spent, ours.spent),
        ),
    )

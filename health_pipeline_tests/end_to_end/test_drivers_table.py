"""The table of drivers that `health explain` prints, as terminals of 120 and 80 columns show it.

After a change: `python -m health_pipeline_tests.end_to_end.test_drivers_table`, and read it.
"""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from health_pipeline.cli.drivers import drivers_table, watched

GOLDEN = Path(__file__).parents[1] / "golden" / "drivers.txt"
WIDTHS = (120, 80)

COLUMNS = {
    **dict.fromkeys(("group", "signal", "status", "unit"), pl.String),
    **dict.fromkeys(("value", "segment_baseline", "k0", "k60", "k80", "k100"), pl.Float64),
    **dict.fromkeys(("subscore", "weight", "points", "points_vs_reference"), pl.Float64),
    "borrowed": pl.Boolean,
}


def driver(group: str, signal: str, **figures: Any) -> dict[str, Any]:
    """A measured driver of a tenth of the weight."""
    base = {"status": "measured", "unit": "%", "value": 50.0, "segment_baseline": 75.0}
    base |= {"k0": 20.0, "k60": 50.0, "k80": 70.0, "k100": 90.0, "borrowed": False}
    base |= {"subscore": 60.0, "weight": 0.1, "points": 6.0, "points_vs_reference": -2.5}
    return {"group": group, "signal": signal, **base, **figures}


SILENT = {"value": None, "subscore": None, "weight": 0.0, "points": 0.0, "points_vs_reference": 0.0}
UNWEIGHED = {"weight": 0.0, "points": 0.0, "points_vs_reference": 0.0}
UNSCORED = {"points": None, "points_vs_reference": None}
FITTED = {"k0": -4.46388, "k60": -1.81264, "k80": -0.981296, "k100": 12345.678}

CASES = {
    "what takes most comes first, what counts for nothing last": [
        driver("value_use", "stickiness", weight=0.6, points=54.0, points_vs_reference=-0.004),
        driver("value_use", "core_depth", unit="core events per user", **FITTED),
        driver("delivery", "escalations", weight=0.3, subscore=0.0, points=0.0),
        driver("delivery", "escalations_while_usage_falls", unit="", value=3.0, **UNWEIGHED),
        driver("delivery", "onboarding_stage", status="not_applicable", **SILENT, borrowed=True),
        driver("delivery", "open_tickets", status="missing", **SILENT),
        driver("delivery", "sentiment", status="stale", unit="of 5", **UNWEIGHED),
    ],
    "points add up to 42.29, for the score is 42.2": [
        driver("value_use", "stickiness", weight=0.4, points=14.999),
        driver("value_use", "core_depth", weight=0.3, points=9.9998),
        driver("delivery", "escalations", weight=0.3, points=17.2999),
    ],
    "an account without a score has weights and no points": [
        driver("value_use", "stickiness", weight=1.0, **UNSCORED),
        driver("delivery", "open_tickets", status="missing", **{**SILENT, **UNSCORED}),
    ],
    "an account of which no driver is published any more": [],
    "a signal that no baseline knows": [
        driver("value_use", "new[bold]", weight=1.0, k0=None, k60=None, k80=None, k100=None),
    ],
}


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS)


def pages() -> str:
    told = []
    for (why, rows), width in product(CASES.items(), WIDTHS):
        console = Console(file=io.StringIO(), width=width)
        console.print(drivers_table(frame(rows), width))
        assert isinstance(console.file, io.StringIO)
        lines = [line.rstrip() for line in console.file.getvalue().strip().splitlines()]
        told.append(f"== {why}, {width} columns\n" + "\n".join(lines))
    return "\n\n".join(told) + "\n"


def test_the_table_reads_as_it_was_read():
    assert pages() == GOLDEN.read_text(encoding="utf-8")


WATCHED = [
    # why, driver, is it watched
    ("measured with weight", driver("g", "a"), False),
    ("measured without weight", driver("g", "a", **UNWEIGHED), True),
    ("stale, and so without weight", driver("g", "a", status="stale", **UNWEIGHED), False),
    ("missing", driver("g", "a", status="missing", **SILENT), False),
]


@pytest.mark.parametrize(("why", "one", "is_watched"), WATCHED, ids=[c[0] for c in WATCHED])
def test_what_is_only_watched(why, one, is_watched):
    assert watched(frame([one])) == ({"a"} if is_watched else set())


if __name__ == "__main__":
    GOLDEN.write_text(pages(), encoding="utf-8")

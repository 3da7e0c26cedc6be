"""`python -m health_pipeline_tests.bench.scale.work NAME FOLDER SCALE`: one work, measured.

Prints JSON: CPU and wall seconds of the work alone, the process's peak memory at its end, and a
digest of each table that it gave.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import numpy.ma  # noqa: F401 - polars would load it within the first work

from health_pipeline.core.schemas.frames import ACTIVITY as COLUMNS
from health_pipeline_tests.bench import subjects
from health_pipeline_tests.bench.measure import KILOBYTE, Spent, clock
from health_pipeline_tests.bench.scale import connected, explaining, rivals
from health_pipeline_tests.bench.scale.digests import digests
from health_pipeline_tests.bench.scale.places import ACTIVITY, EVENTS, Places
from health_pipeline_tests.bench.scale.sizes import END, LONGEST, Scale, days_before

Prepare = Callable[[Places, Scale], rivals.Work]


def _day(places: Places) -> list[Path]:
    return places.files(EVENTS, [END])


def _quarter(places: Places) -> list[Path]:
    return places.files(ACTIVITY, days_before(END, LONGEST))


WORKS: dict[str, Prepare] = {
    "scan_day": lambda p, _: rivals.scan(_day(p), rivals.NEEDED),
    "roll_up": lambda p, _: subjects.roll_up(p, _day(p), END, END),
    "roll_up_trusting": lambda p, _: subjects.roll_up_trusting(p, [p.table("once")], END, END),
    "roll_up_late": lambda p, s: subjects.roll_up_landed(p, [END], s),
    "roll_up_twice": lambda p, _: subjects.roll_up(p, [p.table("twice")], END, END),
    "pandas": lambda p, _: rivals.pandas(p, *_day(p)),
    "row_number": lambda p, _: rivals.row_number(p, *_day(p)),
    "count_distinct": lambda p, _: rivals.count_distinct(p, *_day(p)),
    "scan_quarter": lambda p, _: rivals.scan(_quarter(p), tuple(COLUMNS)),
    "scan_quarter_users": lambda p, _: rivals.scan(_quarter(p), rivals.USER_COLUMNS),
    "merge_users": lambda p, _: subjects.merge_users(p, "year"),
    "windows_of_day": lambda p, _: subjects.windows_of_day(p, "year"),
    "sql_of_day": lambda p, _: rivals.distinct_users(p, [END]),
    "daily_short": lambda p, _: subjects.daily_run(p, "short"),
    "daily_long": lambda p, _: subjects.daily_run(p, "long"),
    "scan_year": lambda p, s: rivals.scan(p.files(ACTIVITY, s.year_days), tuple(COLUMNS)),
    "distinct_of_year": subjects.distinct_of_year,
    "sql_of_days": lambda p, s: rivals.distinct_users(p, s.counted),
    "windows_of_year": subjects.windows_of_year,
    "encoded": subjects.encoded,
    "scores": subjects.scores,
    "scan_connected": lambda p, _: connected.scan_tables(p),
    "attach": lambda p, _: connected.attach(p),
    "signals_of_day": lambda p, _: connected.signals_to_scores(p, [END]),
    "every_signal_of_day": lambda p, _: connected.signals_to_scores(p, [END], every=True),
    "files_of_day": lambda p, _: connected.files(p, END),
    "signals_of_days": lambda p, s: connected.signals_to_scores(p, days_before(END, s.signal_days)),
    "explained_day": explaining.explained_day,
    "scan_raw": lambda p, s: rivals.scan(p.files(EVENTS, s.raw_days), rivals.NEEDED),
    "roll_up_raw": lambda p, s: subjects.roll_up_landed(p, s.raw_days, s),
}
"""What is measured, by name: how it is prepared, which is not timed, and what is timed."""


def measured(name: str, places: Places, scale: Scale) -> dict[str, object]:
    """Do the work once."""
    work, spent = WORKS[name](places, scale), list[Spent]()
    with clock(spent.append):
        result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE / 2**20
    return {"cpu": spent[0].cpu, "wall": spent[0].wall, "peak": peak, "gave": digests(result or {})}


if __name__ == "__main__":
    told = measured(sys.argv[1], Places(Path(sys.argv[2])), Scale(**json.loads(sys.argv[3])))
    print(json.dumps(told))  # noqa: T201 - what the parent reads

"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from health_pipeline_tests.bench.figures import Figures
from health_pipeline_tests.bench.measure import Spent
from health_pipeline_tests.bench.world import RANGE

FIRST_RUN_WALL, DAILY_WALL, OWN_CPU, DEFINITIONS_CPU = 180.0, 30.0, 10.0, 2.5
"""Seconds that a first run, a later day, everything around the computation beyond the computation
itself, and loading the definitions may take."""

ABOUT = """Written by `make bench`. What is compared was timed in one sitting, in turns. Figures are
medians; the tables of steps and stages are of one run each. CPU seconds are the sum over all
cores. A run is a whole process, its start included."""

RECORDED = """“Recorded” runs have a `DAGSTER_HOME`, as under `make run`: Dagster keeps events of
every asset and day for its UI. The computation alone calls the same functions over the same files,
with no Dagster, contract checks, pictures or published files; its seconds leave out the start of
Python and the imports."""


def limits(found: Figures) -> list[tuple[str, float, float]]:
    """What must hold: what it is, the measured seconds, the most that they may be."""
    around = found.daily.cpu - found.bare.cpu
    return [
        ("a first run, wall", found.first.wall, FIRST_RUN_WALL),
        ("one more day, wall", found.daily.wall, DAILY_WALL),
        (
            "around the computation of one more day, CPU (limit: the computation + 10 s)",
            around,
            found.bare.cpu + OWN_CPU,
        ),
        ("loading the definitions, CPU", found.definitions.cpu, DEFINITIONS_CPU),
    ]


def document(found: Figures, machine: Mapping[str, str]) -> str:
    """`docs/benchmarks.md`."""
    parts = [
        "# Benchmarks",
        ABOUT,
        _table(("", ""), machine.items()),
        "## Limits",
        _limits(found),
        "## Runs of the sample",
        _world(found),
        _runs(found),
        RECORDED,
        "## Steps of the first run",
        "From a recorded run of its own. A step's seconds include Dagster's events of it.",
        _seconds(found.first_steps),
        "## Stages of one more day, computation alone",
        _seconds(found.bare_stages),
        "## Event-scale work",
        _events(found),
    ]
    return "\n\n".join(parts) + "\n"


def _world(found: Figures) -> str:
    sizes = found.sizes
    return (
        f"{sizes.accounts} accounts, {sizes.months} months of history, {sizes.days or RANGE} days "
        "scored at first; then one more day for which every export is new. After the first run "
        f"the lake holds {found.lake_files:,} files, {found.lake_megabytes:.0f} MB."
    )


def _limits(found: Figures) -> str:
    rows = [
        (name, f"{value:.1f} s", f"{most:.1f} s", "yes" if value <= most else "**no**")
        for name, value, most in limits(found)
    ]
    return _table(("", "measured", "limit", "kept"), rows)


def _runs(found: Figures) -> str:
    def row(name: str, spent: Spent, times: int) -> tuple[str, ...]:
        peak = f"{spent.peak:,.0f} MB"
        return name, f"{spent.cpu:.1f} s", f"{spent.wall:.1f} s", peak, str(times)

    sizes = found.sizes
    rows = [
        row("first run, recorded", found.first, sizes.first_runs),
        row("one more day, recorded", found.daily, sizes.times),
        row("one more day, not recorded", found.unrecorded, sizes.times),
        row("one more day, the computation alone", found.bare, sizes.times),
        row("loading the definitions", found.definitions, sizes.loads),
        row("`import dagster`", found.dagster, sizes.loads),
    ]
    return _table(("", "CPU", "wall", "peak memory", "repetitions"), rows)


def _seconds(spent: Mapping[str, tuple[float, float]]) -> str:
    whole = sum(cpu for cpu, _ in spent.values())
    rows = [
        (name, f"{cpu:.2f}", f"{wall:.2f}", f"{cpu / whole:.0%}")
        for name, (cpu, wall) in spent.items()
    ]
    total = ("all", f"{whole:.2f}", f"{sum(wall for _, wall in spent.values()):.2f}", "")
    return _table(("", "CPU s", "wall s", "share of CPU"), [*rows, total])


def _events(found: Figures) -> str:
    told = found.events
    pairs = [
        (
            f"Roll-up of one day of {told['events']:,} events, copies removed",
            "scan of its four columns",
            ("roll_up", "scan_of_events"),
        ),
        (
            f"All windows of one day from {told['user_days']:,} user-days of 90 days",
            "scan of all columns",
            ("windows", "scan_of_activity"),
        ),
    ]
    rows = []
    for work, scan, names in pairs:
        (cpu, wall), (scan_cpu, scan_wall) = (told[name] for name in names)  # type: ignore[misc]
        ratio = f"{cpu / scan_cpu:.1f} × / {wall / scan_wall:.1f} ×"
        seconds = f"{cpu:.2f} / {wall:.2f}"
        rows.append((work, seconds, f"{scan}: {scan_cpu:.2f} / {scan_wall:.2f}", ratio))
    return _table(("", "CPU / wall s", "beside it, CPU / wall s", "ratio"), rows)


def _table(head: tuple[str, ...], rows: object) -> str:
    lines = [head, tuple("---" for _ in head), *rows]  # type: ignore[misc]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)

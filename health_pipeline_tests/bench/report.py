"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from health_pipeline_tests.bench.figures import Figures
from health_pipeline_tests.bench.line import Line
from health_pipeline_tests.bench.markdown import table
from health_pipeline_tests.bench.measure import Spent
from health_pipeline_tests.bench.scale.parts import Section
from health_pipeline_tests.bench.world import RANGE

FIRST_RUN_WALL, DAILY_WALL, OWN_CPU, DEFINITIONS_CPU = 180.0, 30.0, 10.0, 2.5
"""Seconds that a first run, a later day, everything around the computation beyond the computation
itself, and loading the definitions may take."""

ABOUT = """Written by `make bench`. What is compared was timed in one sitting, in turns. Figures are
medians; the tables of steps and stages are of one run each. CPU seconds are the sum over all
cores. A run is a whole process, its start included. A ratio is one of CPU seconds, because wall
time depends on what else a machine does; the ratio of wall time stands beside it."""

GENERATED = """## The generated world

Everything below is measured on one generated world: {accounts:,.0f} accounts whose sizes follow
Zipf's law, {users:,.0f} users of whom few work daily and most a few days a year,
{events_rows:,.0f} landed events in {events_megabytes:,.0f} MB, {activity_rows:,.0f} user-days of
activity in {activity_megabytes:,.0f} MB, written by the lake with its own layout and settings.
Each work runs in a process of its own, A B C A B C …, on two threads; the seconds are those of
the work, without starting Python and importing, the peak is that of the whole process. Files are in
the page cache. Where two works should give the same, what they gave was compared, and a difference
ends the benchmark. A scan reads every value of the named columns in DuckDB
(`bit_xor(hash(column))`; `max` is answered from a file's statistics, without reading it): the least
that any work on them costs, and the unit in which the work is told."""

RECORDED = """“Recorded” runs have a `DAGSTER_HOME`, as under `make run`: Dagster keeps events of
every asset and day for its UI. The computation alone calls the same functions over the same files,
with no Dagster, contract checks, pictures or published results (it stores what later stages read:
landing, identity, activity); its seconds leave out the start of Python and the imports."""


def limits(found: Figures) -> tuple[Line, ...]:
    """What must hold of runs."""
    around = found.daily.cpu - found.bare.cpu
    return (
        Line("a first run, wall", found.first.wall, FIRST_RUN_WALL, "s"),
        Line("one more day, wall", found.daily.wall, DAILY_WALL, "s"),
        Line(
            "around the computation of one more day, CPU (limit: the computation + 10 s)",
            around,
            found.bare.cpu + OWN_CPU,
            "s",
        ),
        Line("loading the definitions, CPU", found.definitions.cpu, DEFINITIONS_CPU, "s"),
    )


def document(
    runs: Figures | None,
    facts: Mapping[str, float],
    sections: Sequence[Section],
    machine: Mapping[str, str],
) -> str:
    """`docs/benchmarks.md`.

    Args:
        runs: of the sample, None where they were left out.
        facts: rows and megabytes of the generated world, empty where none was made.
        sections: what was measured in it.
        machine: what it was measured on.
    """
    lines = [*(limits(runs) if runs else ()), *(line for one in sections for line in one.lines)]
    parts = [
        "# Benchmarks",
        ABOUT,
        table(("", ""), machine.items()),
        "## Limits",
        _limits([line for line in lines if line.limit is not None]),
        *(_of_runs(runs) if runs else ()),
        *([GENERATED.format(**facts)] if facts else ()),
        *(_section(one) for one in sections),
    ]
    return "\n\n".join(parts) + "\n"


def _of_runs(found: Figures) -> list[str]:
    return [
        "## Runs of the sample",
        _world(found),
        _runs(found),
        RECORDED,
        "### Steps of the first run",
        "From a recorded run of its own. A step's seconds include Dagster's events of it.",
        _seconds(found.first_steps),
        "### Stages of one more day, computation alone",
        _seconds(found.bare_stages),
    ]


def _section(one: Section) -> str:
    works = [
        (
            words,
            f"{taken.spent.cpu:.2f}",
            f"{taken.spent.wall:.2f}",
            f"{taken.spent.peak:,.0f}" if taken.spent.peak else "",
            str(taken.times),
        )
        for words, taken in one.works.items()
    ]
    ratios = [
        (
            line.name,
            line.measured,
            f"{line.wall:,.2f} ×" if line.wall else "",
            line.allowed,
        )
        for line in one.lines
    ]
    parts = [f"## {one.title}", one.about]
    if works:
        parts.append(table(("", "CPU s", "wall s", "peak MB", "repetitions"), works))
    if ratios:
        parts.append(table(("", "measured (CPU)", "wall", "limit"), ratios))
    return "\n\n".join(parts)


def _world(found: Figures) -> str:
    sizes = found.sizes
    return (
        f"{sizes.accounts} accounts, {sizes.months} months of history, {sizes.days or RANGE} days "
        "scored at first; then one more day for which every export is new. After the first run "
        f"the lake holds {found.lake_files:,} files, {found.lake_megabytes:.0f} MB."
    )


def _limits(lines: Sequence[Line]) -> str:
    rows = [(one.name, one.measured, one.allowed, "yes" if one.kept else "**no**") for one in lines]
    return table(("", "measured", "limit", "kept"), rows)


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
    return table(("", "CPU", "wall", "peak memory", "repetitions"), rows)


def _seconds(spent: Mapping[str, tuple[float, float]]) -> str:
    whole = sum(cpu for cpu, _ in spent.values())
    rows = [
        (name, f"{cpu:.2f}", f"{wall:.2f}", f"{cpu / whole:.0%}")
        for name, (cpu, wall) in spent.items()
    ]
    total = ("all", f"{whole:.2f}", f"{sum(wall for _, wall in spent.values()):.2f}", "")
    return table(("", "CPU s", "wall s", "share of CPU"), [*rows, total])

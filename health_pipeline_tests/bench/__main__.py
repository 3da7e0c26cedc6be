"""`python -m health_pipeline_tests.bench`: measure, print the limits, write the report."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from health_pipeline_tests.bench.figures import Sizes, take
from health_pipeline_tests.bench.identity import identity
from health_pipeline_tests.bench.line import Line
from health_pipeline_tests.bench.machine import facts
from health_pipeline_tests.bench.measure import child
from health_pipeline_tests.bench.report import document, limits
from health_pipeline_tests.bench.scale import parts
from health_pipeline_tests.bench.scale.explaining import explaining
from health_pipeline_tests.bench.scale.histories import history
from health_pipeline_tests.bench.scale.on_spark import spark
from health_pipeline_tests.bench.scale.parts import Section
from health_pipeline_tests.bench.scale.signals import signals
from health_pipeline_tests.bench.scale.sizes import Scale
from health_pipeline_tests.bench.scale.taken import take as taking

REPORT = Path(__file__).parents[2] / "docs/benchmarks.md"
RUNS = "runs"

SECTIONS: dict[str, Callable[[Path, Scale], Section]] = {
    "day": lambda folder, scale: parts.day(taking(folder, scale), scale),
    "windows": lambda folder, scale: parts.windows(taking(folder, scale), scale),
    "year": lambda folder, scale: parts.year(taking(folder, scale), scale),
    "signals": lambda folder, scale: signals(taking(folder, scale), scale, folder),
    "explanation": lambda folder, scale: explaining(taking(folder, scale), scale, folder),
    "history": lambda folder, scale: history(taking(folder, scale), scale, folder),
    "spark": lambda folder, scale: spark(taking(folder, scale), scale, folder),
    "identity": identity,
}


def bench(names: Sequence[str], sizes: Sizes, scale: Scale, report: Path | None) -> int:
    """Measure the parts called `names`; 1 where a limit is not kept."""
    machine, world, sections = facts(), {}, []
    wanted = [name for name in SECTIONS if name in names]
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        runs = take(folder, sizes) if RUNS in names else None
        lines = list(_told(limits(runs))) if runs else []
        if wanted:
            told = child("-m", f"{__package__}.scale.world", folder, scale.text())
            world = {"accounts": scale.accounts, "users": scale.users, **json.loads(told.out)}
        for name in wanted:
            print(f"{name} …", file=sys.stderr)  # noqa: T201 - it takes minutes
            sections.append(SECTIONS[name](folder, scale))
            lines += _told(sections[-1].lines)  # at once: what follows may fail after an hour
    text = document(runs, world, sections, machine)
    if report:
        report.write_text(text, encoding="utf-8")
    print(f"all figures: {report}" if report else text)  # noqa: T201
    return int(not all(line.kept for line in lines))


def _told(lines: Iterable[Line]) -> Iterator[Line]:
    """`lines`, each printed."""
    for line in lines:
        kept = "told" if line.limit is None else "ok" if line.kept else "TOO MUCH"
        print(f"{kept:<9}{line.name}: {line.measured}, {line.allowed}", flush=True)  # noqa: T201
        yield line


def main(arguments: Sequence[str]) -> int:
    """Read the command line; the report of the docs is written only when nothing is left out."""
    parser = argparse.ArgumentParser(prog="python -m health_pipeline_tests.bench")
    parser.add_argument("--events", type=int, default=Scale.events, help="raw events to generate")
    parser.add_argument(
        "--only", nargs="+", choices=[RUNS, *SECTIONS], help="print these parts, write no report"
    )
    told = parser.parse_args(arguments)
    scale = Scale(events=told.events)
    names, report = (told.only, None) if told.only else ([RUNS, *SECTIONS], REPORT)
    return bench(names, Sizes(), scale, report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m health_pipeline_tests.bench [FILE]`: measure and write the report."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from health_pipeline_tests.bench.figures import Sizes, take
from health_pipeline_tests.bench.machine import facts
from health_pipeline_tests.bench.report import document, limits

REPORT = Path(__file__).parents[2] / "docs/benchmarks.md"


def main(report: Path) -> int:
    """Write `report`; 1 where a limit is not kept."""
    machine = facts()
    with tempfile.TemporaryDirectory() as place:
        found = take(Path(place), Sizes())
    report.write_text(document(found, machine), encoding="utf-8")
    for name, value, most in limits(found):
        print(f"{'ok' if value <= most else 'TOO SLOW':<9}{name}: {value:.1f} s of {most:.1f} s")  # noqa: T201
    print(f"all figures: {report}")  # noqa: T201
    return int(any(value > most for _, value, most in limits(found)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPORT))

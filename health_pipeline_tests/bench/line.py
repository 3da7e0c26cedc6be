"""One line of the table of limits: a figure, and how much it may be."""

from __future__ import annotations

from dataclasses import dataclass

from health_pipeline_tests.bench.measure import Spent


@dataclass(frozen=True)
class Line:
    """A figure of one sitting.

    Attributes:
        name: what it is.
        value: seconds, GiB, or a ratio of CPU seconds. `wall`: the same ratio of wall seconds.
        limit: the most that `value` may be, the least where `at_least`; None: only told.
        unit: of both.
    """

    name: str
    value: float
    limit: float | None = None
    unit: str = "×"
    wall: float | None = None
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Within its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def measured(self) -> str:
        return _amount(self.value, self.unit)

    @property
    def allowed(self) -> str:
        if self.limit is None:
            return "none"
        return f"{'at least' if self.at_least else 'at most'} {_amount(self.limit, self.unit)}"


def ratio(
    name: str, ours: Spent, beside: Spent, limit: float | None = None, *, at_least: bool = False
) -> Line:
    """How many times `beside` the work `ours` costs, in CPU, and in wall time."""
    return Line(name, ours.cpu / beside.cpu, limit, wall=ours.wall / beside.wall, at_least=at_least)


def peak(name: str, spent: Spent, gibibytes: float) -> Line:
    """Peak memory of a process."""
    return Line(name, spent.peak / 1024, gibibytes, "GiB")


def _amount(value: float, unit: str) -> str:
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f} {unit}"

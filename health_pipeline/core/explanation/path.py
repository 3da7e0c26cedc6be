"""The cheapest path to the next tier: which drivers to lift, how far, by which play.

Arithmetic of the score, not a promise (science.md, "Explanation"): the score is a weighted mean, so
the cheapest way to so many points is a fractional knapsack: drivers are lifted in the order of
points for effort, each up to what can be reached. Gates that cap the tier are asked first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

LEAST = 1e-9
"""Points that are too few to speak of."""


@dataclass(frozen=True, slots=True)
class Lever:
    """A driver that speaks for the account.

    Attributes:
        signal: its name.
        weight: effective weight, 0–1.
        subscore: 0–100.
        cap: subscore that can be reached.
        effort: of lifting it by one point of subscore; None: nobody can act on it directly.
        play: what lifts it.
    """

    signal: str
    weight: float
    subscore: float
    cap: float
    effort: float | None
    play: str

    @property
    def room(self) -> float:
        """Points of subscore that it can still be lifted by."""
        return 0.0 if self.effort is None else max(0.0, self.cap - self.subscore)


@dataclass(frozen=True, slots=True)
class Demand:
    """A gate that caps the account below the next tier.

    Attributes:
        gate: its name.
        floors: signal → subscore from which on its part of the gate rests.
        lift: how many of `floors` have to be reached; all of them unless the gate counts.
    """

    gate: str
    floors: dict[str, float]
    lift: int


@dataclass(frozen=True, slots=True)
class Step:
    """One driver lifted: from which subscore to which, for how many points and how much effort."""

    signal: str
    start: float
    end: float
    points: float
    effort: float
    play: str


@dataclass(frozen=True, slots=True)
class Path:
    """How to get there, or how far one gets.

    Attributes:
        needs: points that are missing to the border; 0 when only gates stand in the way.
        steps: most points for effort first, what gates demand before them.
        effort: of all steps.
        reaches: whether the steps are enough.
        best: highest score that can be reached at all.
        blocked: gates that no step lifts.
    """

    needs: float
    steps: tuple[Step, ...]
    effort: float
    reaches: bool
    best: float
    blocked: tuple[str, ...]


def cheapest_path(
    levers: Sequence[Lever], score: float, border: float, demands: Sequence[Demand] = ()
) -> Path:
    """The least effort that brings `score` to `border` and lifts every demand.

    Args:
        levers: the drivers that speak for the account, one a signal.
        score: Σ weight × subscore of the levers, 0–100.
        border: score from which on the next tier is held; below `score` when only gates keep the
            account out of it.
        demands: gates that cap it below that tier.

    Returns:
        The cheapest path; where the tier cannot be reached, the path to the best score that can.
    """
    by_signal = {lever.signal: lever for lever in levers}
    blocked = tuple(one.gate for one in demands if len(_liftable(one, by_signal)) < one.lift)
    open_demands = [one for one in demands if one.gate not in blocked]
    needs = max(0.0, border - score)
    best = score + sum(lever.weight * lever.room for lever in levers)
    found = [_cheapest(by_signal, needs, floors) for floors in _choices(open_demands, by_signal)]
    steps, missing = min(found, key=lambda one: (one[1] > LEAST, _effort(one[0])))
    return Path(needs, steps, _effort(steps), not blocked and missing <= LEAST, best, blocked)


def _effort(steps: Sequence[Step]) -> float:
    return sum(step.effort for step in steps)


def _liftable(demand: Demand, levers: dict[str, Lever]) -> list[str]:
    """The signals of a demand that can be lifted so far."""
    return [
        signal
        for signal, floor in demand.floors.items()
        if signal in levers and levers[signal].subscore + levers[signal].room >= floor
    ]


def _choices(demands: Sequence[Demand], levers: dict[str, Lever]) -> Iterator[dict[str, float]]:
    """Every way to answer all demands: signal → subscore that it has to reach."""
    ways = [
        [{signal: one.floors[signal] for signal in chosen} for chosen in combinations(able, n)]
        for one in demands
        for able, n in [(_liftable(one, levers), one.lift)]
    ]
    for chosen in product(*ways):
        floors: dict[str, float] = {}
        for way in chosen:
            for signal, floor in way.items():
                floors[signal] = max(floor, floors.get(signal, 0.0))
        yield floors


def _cheapest(
    levers: dict[str, Lever], needs: float, floors: dict[str, float]
) -> tuple[tuple[Step, ...], float]:
    """Steps that reach `floors` and then `needs` points, and the points that are still missing."""
    lifts = {signal: max(0.0, floor - levers[signal].subscore) for signal, floor in floors.items()}
    missing = needs - sum(levers[signal].weight * lift for signal, lift in lifts.items())
    for lever in sorted(levers.values(), key=_worth, reverse=True):
        done = lifts.get(lever.signal, 0.0)
        if missing <= LEAST or lever.weight <= 0 or lever.room <= done:
            continue
        more = min(lever.room - done, missing / lever.weight)
        lifts[lever.signal] = done + more
        missing -= lever.weight * more
    order = [*floors, *(signal for signal in lifts if signal not in floors)]
    steps = (_step(levers[signal], lifts[signal]) for signal in order if lifts[signal] > 0)
    return tuple(steps), missing


def _worth(lever: Lever) -> tuple[float, float, str]:
    """Points for effort; of equal ones the heavier driver."""
    if lever.effort is None:
        return (0.0, lever.weight, lever.signal)
    return (lever.weight / lever.effort, lever.weight, lever.signal)


def _step(lever: Lever, lift: float) -> Step:
    return Step(
        signal=lever.signal,
        start=lever.subscore,
        end=min(100.0, lever.subscore + lift),
        points=lever.weight * lift,
        effort=lift * (lever.effort or 0.0),
        play=lever.play,
    )

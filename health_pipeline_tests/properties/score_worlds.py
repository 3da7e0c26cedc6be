"""Random small worlds: signals of every make, a norm to be judged by, accounts in every state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.scoring.score import Scores, score
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.core.segments.params import Band, SegmentRule, SegmentRules
from health_pipeline_tests.core.scoring.world import DAY, NO_HISTORY, RULES, accounts, spec

PLANS = ("Starter", "Growth", None)
SEGMENTS = SegmentRules(
    acv_bands=(Band(name="small", low=0, high=1000), Band(name="large", low=1000)),
    segments=(
        SegmentRule(name="growth_large", match={"plan": ("Growth",), "acv_band": ("large",)}),
        SegmentRule(name="growth", match={"plan": ("Growth",)}),
        SegmentRule(name="starter", match={"plan": ("Starter",)}),
    ),
)
NAMES = tuple(f"s{i}" for i in range(6))
SIZES = (0, 1, 4, 5, 29, 30, 60)
"""Accounts of a segment in the norm: nobody, one, and both sides of each border of the rules."""


@dataclass(frozen=True)
class Reading:
    """What one account's signal says: `age` in days of the newest information."""

    value: float | None
    status: str
    age: int = 0


@dataclass(frozen=True)
class Person:
    """An account of the day; a signal that is absent from `readings` has no row at all."""

    name: str
    plan: str | None
    arr: float | None
    readings: dict[str, Reading]


@dataclass(frozen=True)
class World:
    """Signals, the accounts and values that a baseline is fitted on, and the accounts judged."""

    specs: tuple[SignalSpec, ...]
    rules: ScoringRules
    norm: pl.DataFrame
    norm_values: pl.DataFrame
    people: tuple[Person, ...]

    def fitted(self, seed: int | None = None) -> pl.DataFrame:
        """The frozen baseline; with a seed from the same rows in another order."""
        norm, found = (
            frame if seed is None else shuffled(frame, seed)
            for frame in (self.norm, self.norm_values)
        )
        return fit_baseline(found, assign(norm, SEGMENTS), self.specs, SEGMENTS, DAY)

    def with_people(self, *people: Person) -> World:
        return replace(self, people=people)


def shuffled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame.sample(fraction=1.0, shuffle=True, seed=seed)


def rows_of(people: tuple[Person, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The population and `SIGNAL_VALUES` of the day."""
    population = accounts(
        [{"account_id": one.name, "plan": one.plan, "arr": one.arr} for one in people]
    )
    rows = [
        {
            "account_id": one.name,
            "date": DAY,
            "signal": name,
            "value": read.value,
            "status": read.status,
            "observed_on": None if read.value is None else DAY - timedelta(days=read.age),
            "detail": None,
        }
        for one in people
        for name, read in one.readings.items()
    ]
    return population, pl.DataFrame(rows, schema=SIGNAL_VALUES)


def scores_of(
    world: World, baseline: pl.DataFrame | None = None, *, seed: int | None = None
) -> Scores:
    """From raw values to scores under a frozen baseline; with a seed from shuffled rows."""
    found, frozen = rows_of(world.people), world.fitted() if baseline is None else baseline
    if seed is None:
        return judged(world, frozen, *found)
    people, values = (shuffled(one, seed) for one in found)
    return judged(world, shuffled(frozen, seed), people, values)


def judged(
    world: World, frozen: pl.DataFrame, people: pl.DataFrame, values: pl.DataFrame
) -> Scores:
    """The score of a population of any days from its values."""
    segments = assign(people, SEGMENTS)
    return score(
        normalise(values, segments, frozen, world.specs),
        segments,
        people,
        frozen,
        world.specs,
        rules=world.rules,
        horizon_days=90,
        history=NO_HISTORY,
    )


VALUES = st.floats(-1e6, 1e6).map(lambda x: round(x, 6)) | st.integers(-5, 120).map(float)
AGES = st.integers(0, 3) | st.integers(0, 60)
MEASURED = st.builds(Reading, VALUES, st.just("measured"), AGES)
READINGS = st.one_of(
    MEASURED,
    MEASURED,  # twice as likely: most worlds are to be scored
    st.sampled_from([Reading(None, "missing"), Reading(None, "not_applicable")]),
    st.builds(Reading, VALUES, st.just("stale"), st.integers(8, 90)),
)


@st.composite
def specs(draw: Any, name: str) -> SignalSpec:
    up = draw(st.booleans())
    literal = sorted(draw(st.lists(VALUES, min_size=4, max_size=4)), reverse=not up)
    knots = draw(st.sampled_from(["fit", tuple(literal)]))
    return spec(
        name,
        draw(st.sampled_from([1 / 3, 1.0, 7.3, 25.0, 40.0])),
        group=draw(st.sampled_from(sorted(RULES.groups))),
        higher_is_better=up,
        knots=knots,
        default_knots=tuple(literal),
        ttl_days=draw(st.sampled_from([0.0, 3.0, 7.0, 90.0])),
        half_life_days=draw(st.sampled_from([1.0, 7.0, 90.0])),
    )


def _norm_values(kind: str, n: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    if kind == "equal":
        return [float(seed % 7)] * n
    drawn = rng.normal(50, 30, n) if kind == "spread" else rng.integers(0, 3, n)
    return [float(one) for one in drawn]


@st.composite
def norms(draw: Any, names: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts and values that a baseline is fitted on, some segments empty or of equal values."""
    people: list[Person] = []
    for plan, arr in (("Starter", 10.0), ("Growth", 10.0), ("Growth", 5000.0), (None, None)):
        n, seed = draw(st.sampled_from(SIZES)), draw(st.integers(0, 99))
        columns = {
            name: _norm_values(draw(st.sampled_from(["spread", "equal", "few"])), n, seed + at)
            for at, name in enumerate(names)
        }
        people += [
            Person(
                f"norm{len(people) + i}",
                plan,
                arr,
                {name: Reading(found[i], "measured") for name, found in columns.items()},
            )
            for i in range(n)
        ]
    return rows_of(tuple(people))


@st.composite
def persons(draw: Any, name: str, names: tuple[str, ...]) -> Person:
    readings = {
        one: draw(READINGS)
        for one in names
        if draw(st.integers(0, 9))  # one in ten has no row
    }
    arr = draw(st.sampled_from([None, 10.0, 5000.0]))
    return Person(name, draw(st.sampled_from(PLANS)), arr, readings)


@st.composite
def worlds(draw: Any, most: int = 8) -> World:
    """1–6 signals, 1 to `most` accounts, a norm of its own."""
    names = NAMES[: draw(st.integers(1, 6))]
    norm, norm_values = draw(norms(names))
    people = tuple(draw(persons(f"a{i}", names)) for i in range(draw(st.integers(1, most))))
    coverage = draw(st.sampled_from([0.0, 0.6, 0.9]))
    return World(
        tuple(draw(specs(name)) for name in names),
        RULES.model_copy(update={"min_coverage": coverage}),
        norm,
        norm_values,
        people,
    )

"""A world of noise: do states flap, how late are true shifts seen, how many are missed?

A driver's subscore is its level plus an autoregressive noise, `x(t) = PHI x(t-1) + e`, clipped to
0 … 100. The level shifts at random, every 60 days in the mean, from one of three ranges to another:
well, watch and risk. The state that its range stands for is the truth.

- Flapping: the share of the told changes that are undone within a week although no level shifted.
- Delay: days from a shift into risk to the state; both the day itself and the second day that
  confirms it count, so one day is the least.
- Missed: shifts into risk that last for three weeks and are not seen in them.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.core.schemas.worlds import spec

FIRST = date(2025, 1, 1)
PHI, SIGMA = 0.6, 7.0
"""Of the noise: how much of it stays to the next day, and its spread over the days, in points."""

RANGES = {"healthy": (88.0, 97.0), "watch": (66.0, 74.0), "risk": (20.0, 45.0)}
EVERY = 60
WEEK, LASTS = 7, 21


def world(drivers, days, seed):
    """Subscores and true states, both (days, drivers)."""
    rng = np.random.default_rng(seed)
    names = np.array(list(RANGES))
    true = np.empty((days, drivers), dtype=names.dtype)
    level = np.empty((days, drivers))
    state = rng.choice(names, drivers, p=[0.7, 0.2, 0.1])
    height = rng.uniform(*np.array([RANGES[one] for one in state]).T)
    for day in range(days):
        for n in np.flatnonzero(rng.random(drivers) < 1 / EVERY if day else []):
            state[n] = rng.choice(names[names != state[n]])
            height[n] = rng.uniform(*RANGES[state[n]])
        true[day], level[day] = state, height
    noise = np.empty((days, drivers))
    noise[0] = rng.normal(0, SIGMA, drivers)
    for day in range(1, days):
        fresh = rng.normal(0, SIGMA * np.sqrt(1 - PHI**2), drivers)
        noise[day] = PHI * noise[day - 1] + fresh
    return np.clip(level + noise, 0, 100), true


def states_of(subscores):
    """Held states, (days, drivers), by the default rules."""
    days, drivers = subscores.shape
    table, before = RESULT_TABLES["signals"], RESULT_TABLES["driver_states"].empty()
    ids, found = [f"a{n:05}" for n in range(drivers)], []
    for day in range(days):
        at = FIRST + timedelta(days=day)
        rows = pl.DataFrame({"account_id": ids, "subscore": subscores[day]}).with_columns(
            date=pl.lit(at),
            signal=pl.lit("slow"),
            value=pl.col("subscore"),
            status=pl.lit("measured"),
            observed_on=pl.lit(at),
            unit=pl.lit(None, pl.String),
            freshness_hours=pl.lit(0.0),
            segment_baseline=pl.lit(None, pl.Float64),
            detail=pl.lit(None, pl.String),
        )
        before, _ = driver_states(table.conform(rows), [spec("slow")], before, AlertRules(), "v1")
        found.append(before.sort("account_id")["held_state"].to_numpy())
    return np.array(found)


def flapping(held, true):
    """Share of changes undone within a week while the truth stood still."""
    undone, changes = 0, 0
    for n in range(held.shape[1]):
        days = np.flatnonzero(held[1:, n] != held[:-1, n]) + 1
        changes += len(days)
        for day, later in itertools.pairwise(days):
            back = held[later, n] == held[day - 1, n] and later - day <= WEEK
            undone += back and len(set(true[day : later + 1, n])) == 1
    return undone / changes


def delays(held, true):
    """Days until each lasting shift into risk is seen; None where it is not."""
    found = []
    for n in range(held.shape[1]):
        for day in np.flatnonzero((true[1:, n] == "risk") & (true[:-1, n] != "risk")) + 1:
            if day + LASTS > len(true) or (true[day : day + LASTS, n] != "risk").any():
                continue
            seen = np.flatnonzero(held[day : day + LASTS, n] == "risk")
            found.append(int(seen[0]) if len(seen) else None)
    return found


@pytest.mark.parametrize(
    ("drivers", "days"), [(800, 150), pytest.param(10_000, 365, marks=pytest.mark.torture)]
)
def test_states_are_calm_and_quick(drivers, days, record_property):
    subscores, true = world(drivers, days, seed=4)
    held = states_of(subscores)
    found = delays(held, true)
    seen = [one for one in found if one is not None]
    figures = {
        "shifts": len(found),
        "flapping": flapping(held, true),
        "p95 delay": float(np.quantile(seen, 0.95)),
        "missed": 1 - len(seen) / len(found),
    }
    for name, figure in figures.items():
        record_property(name, float(figure))
    assert len(found) > 200
    assert figures["flapping"] <= 0.07
    assert figures["p95 delay"] <= 4
    assert figures["missed"] <= 0.005

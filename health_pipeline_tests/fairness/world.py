"""A world whose plans use the product differently, and have the same share of unhealthy accounts.

Of a healthy Starter four people in five are active, of a healthy Enterprise two in five: plans are
like that, and say nothing of a customer. A fair score is Red for as many of one plan as of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.config.model import HealthModel
from health_pipeline.core.schemas.account_days import KEY
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.scoring.score import score
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.knots import quantile_knots
from health_pipeline.core.segments.normalise import normalise
from health_pipeline_tests.core.scoring.world import NO_HISTORY

DAY = date(2026, 3, 31)
Floats = NDArray[np.float64]

UNHEALTHY = 0.15
"""Share of truly unhealthy accounts, the same in each plan."""

FALL = 1.6
"""How far the unhealthy use it less, in log odds; of 80 % of seats 45 % remain, of 42 % 13 %."""


@dataclass(frozen=True)
class Plan:
    """How a plan is used when all is well.

    Attributes:
        active: share of seats active in 30 days.
        weekly: share of those active in a week.
        spread: standard deviation between accounts, in log odds.
        seats, arr: lowest and highest.
    """

    name: str
    active: float
    weekly: float
    spread: float
    seats: tuple[int, int]
    arr: tuple[float, float]


PLANS = (
    Plan("Starter", 0.80, 0.75, 0.6, (5, 25), (500.0, 6_000.0)),
    Plan("Growth", 0.60, 0.65, 0.5, (20, 200), (3_000.0, 30_000.0)),
    Plan("Enterprise", 0.42, 0.55, 0.4, (200, 3_000), (15_000.0, 400_000.0)),
)
UTILISATION = ("seat_utilisation", "seats_active_30d", "seats_active_7d", "stickiness")


@dataclass(frozen=True)
class FairWorld:
    """`accounts`: the population and whether it is `unhealthy`; `values`: `SIGNAL_VALUES`."""

    accounts: pl.DataFrame
    values: pl.DataFrame


def fair_world(seed: int, accounts_a_plan: int) -> FairWorld:
    """A day of a seeded world; small accounts are noisier, because they have few people."""
    rng = np.random.default_rng(seed)
    made = [_plan(rng, plan, accounts_a_plan) for plan in PLANS]
    return FairWorld(*(pl.concat(frames) for frames in zip(*made, strict=True)))


def _odds(rng: np.random.Generator, share: float, spread: float, fall: Floats) -> Floats:
    drawn = np.log(share / (1 - share)) + rng.normal(0, spread, fall.size) - fall
    found: Floats = 1 / (1 + np.exp(-drawn))
    return found


def _plan(rng: np.random.Generator, plan: Plan, n: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    unhealthy = rng.permutation(n) < round(UNHEALTHY * n)
    fall = np.where(unhealthy, FALL, 0.0)
    seats = rng.integers(*plan.seats, n, endpoint=True)
    assigned = np.maximum(rng.binomial(seats, _odds(rng, 0.5 + plan.active / 2, 0.4, fall)), 1)
    monthly = rng.binomial(seats, _odds(rng, plan.active, plan.spread, fall))
    weekly = rng.binomial(monthly, _odds(rng, plan.weekly, 0.3, fall / 2))
    values = {
        "seats_active_30d": 100 * monthly / seats,
        "seats_active_7d": 100 * weekly / seats,
        "seat_utilisation": 100 * assigned / seats,
        "stickiness": np.where(monthly > 0, 100 * weekly / np.maximum(monthly, 1), np.nan),
    }
    low, high = map(log, plan.arr)
    names = [f"{plan.name.lower()}_{i:05}" for i in range(n)]
    people = pl.DataFrame({"account_id": names, "unhealthy": unhealthy}).with_columns(
        pl.lit(DAY).alias("date"),
        pl.lit(plan.name).alias("plan"),
        pl.Series("arr", np.exp(rng.uniform(low, high, n))),
        *(
            pl.lit(None, dtype=pl.String).alias(name)
            for name in ("region", "customer_tier", "deployment")
        ),
        pl.lit(None, dtype=pl.Int64).alias("employees"),
        *(
            pl.lit(None, dtype=pl.Date).alias(name)
            for name in ("renews_on", "cancellation_notice_on")
        ),
    )
    return people, pl.concat(_rows(names, name, found) for name, found in values.items())


def _rows(names: list[str], signal: str, found: Floats) -> pl.DataFrame:
    """Where nobody is active, what is counted per active user is missing."""
    value = pl.Series("value", found).fill_nan(None)
    measured = pl.col("value").is_not_null()
    return (
        pl.DataFrame({"account_id": names, "value": value})
        .select(
            "account_id",
            pl.lit(DAY).alias("date"),
            pl.lit(signal).alias("signal"),
            "value",
            pl.when(measured).then(pl.lit("measured")).otherwise(pl.lit("missing")).alias("status"),
            pl.when(measured).then(pl.lit(DAY)).alias("observed_on"),
            pl.lit(None, dtype=pl.String).alias("detail"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SIGNAL_VALUES.items())
    )


def as_modelled(model: HealthModel) -> list[SignalSpec]:
    """The utilisation signals as the model has them: most fitted, some with literal knots."""
    return [spec for spec in model.signals if spec.name in UTILISATION]


def by_segment(model: HealthModel) -> list[SignalSpec]:
    """The same, the knots of each fitted in each segment."""
    return [spec.model_copy(update={"knots": "fit"}) for spec in as_modelled(model)]


def one_threshold(model: HealthModel, world: FairWorld) -> list[SignalSpec]:
    """The same with literal knots, which are the same quantiles of all accounts together."""
    return [
        spec.model_copy(update={"knots": _knots_of_all(spec, world)}) for spec in by_segment(model)
    ]


def _knots_of_all(spec: SignalSpec, world: FairWorld) -> tuple[float, ...]:
    known = world.values.filter(pl.col("signal") == spec.name)["value"].drop_nulls()
    knots = quantile_knots(known.to_numpy(), higher_is_better=spec.higher_is_better)
    return tuple(knots.tolist())


def red_shares(model: HealthModel, world: FairWorld, specs: list[SignalSpec]) -> pl.DataFrame:
    """What is Red under the model's segments and tiers, one row a plan.

    Returns:
        `plan`, `accounts`, `red` (share of all), `found` (Red among the unhealthy), `false_alarms`
        (Red among the healthy). An unscored account is not Red.
    """
    segments = assign(world.accounts, model.segments)
    frozen = fit_baseline(world.values, segments, specs, model.segments, DAY)
    signals = normalise(world.values, segments, frozen, specs)
    scored = score(
        signals,
        segments,
        world.accounts,
        frozen,
        specs,
        rules=model.scoring,
        horizon_days=model.churn.horizon_days,
        history=NO_HISTORY,
    ).raw
    is_red = (pl.col("tier_by_score") == "red").fill_null(value=False)
    joined = world.accounts.join(scored.select(*KEY, is_red.alias("is_red")), on=KEY)
    return (
        joined.group_by("plan")
        .agg(
            pl.len().alias("accounts"),
            pl.col("is_red").mean().alias("red"),
            pl.col("is_red").filter("unhealthy").mean().alias("found"),
            pl.col("is_red").filter(~pl.col("unhealthy")).mean().alias("false_alarms"),
        )
        .sort("plan")
    )


def gap(shares: pl.DataFrame) -> float:
    """Largest difference of Red shares between two plans, in points."""
    return 100 * float(shares["red"].max() - shares["red"].min())  # type: ignore[operator, arg-type]

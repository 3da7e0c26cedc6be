"""The Red shares of the plans, each way of judging beside the others."""

from __future__ import annotations

import polars as pl

from health_pipeline.config.loader import load_model
from health_pipeline_tests.fairness.world import (
    PLANS,
    as_modelled,
    by_segment,
    fair_world,
    gap,
    one_threshold,
    red_shares,
)

SEED = 7
ACCOUNTS_A_PLAN = 2_000


def every_way(seed: int, accounts_a_plan: int) -> dict[str, pl.DataFrame]:
    """Way of judging → `red_shares` of one world."""
    model, world = load_model(None), fair_world(seed, accounts_a_plan)
    ways = {
        "knots of each segment": by_segment(model),
        "the default model as it is": as_modelled(model),
        "one threshold for all": one_threshold(model, world),
    }
    return {way: red_shares(model, world, specs) for way, specs in ways.items()}


def markdown(found: dict[str, pl.DataFrame]) -> str:
    """One row a way: Red by plan, the gap, and whom it hits."""
    plans = [plan.name for plan in PLANS]
    head = ["Red", *plans, "gap in points", *(f"{plan}: unhealthy / healthy" for plan in plans)]
    lines = [head, ["---"] * len(head)]
    for way, shares in found.items():
        rows = {row["plan"]: row for row in shares.iter_rows(named=True)}
        red = [f"{rows[plan]['red']:.1%}" for plan in plans]
        hit = [f"{rows[plan]['found']:.0%} / {rows[plan]['false_alarms']:.0%}" for plan in plans]
        lines.append([way, *red, f"{gap(shares):.1f}", *hit])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

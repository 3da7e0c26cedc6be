"""The cheapest path of accounts to their next tier, from what is published of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.core.explanation.path import Demand, Lever, Path, cheapest_path
from health_pipeline.core.schemas.spec import RISK_BELOW, SignalSpec
from health_pipeline.core.schemas.subscore import subscore
from health_pipeline.core.scoring.gates import fired_gates
from health_pipeline.core.scoring.params import TIER_ORDER, CombinedGate, Gate, ScoringRules

KNOTS = ("k0", "k60", "k80", "k100")


LEAST_LIFT = 0.1
"""Where a gate's border scores 0: any subscore above 0 lies beyond it."""


@dataclass(frozen=True, slots=True)
class WayUp:
    """The next tier of an account, the score from which on it is held, and the path there."""

    tier: str
    border: float
    path: Path


def ways_up(
    rules: ScoringRules,
    known: Sequence[SignalSpec],
    scores: pl.DataFrame,
    contributions: pl.DataFrame,
    signals: pl.DataFrame,
    baselines: pl.DataFrame,
) -> dict[str, WayUp]:
    """Account → its way to the next tier; accounts in the best tier, or without one, have none.

    Args:
        rules: tiers and gates.
        known: the signals, with what can be reached and by which play.
        scores: `health_scores` of one day.
        contributions: of that day.
        signals: of that day.
        baselines: of the model version that scored it.
    """
    below_best = scores.filter(pl.col("tier").is_in(TIER_ORDER[:-1]))
    among = below_best.select("account_id", "segment", "model_version")
    driven = (
        contributions.drop_nulls("subscore")  # a gate may look at what counts no points
        .join(among, on="account_id")
        .join(
            baselines.select("model_version", "segment", "signal", *KNOTS),
            on=["model_version", "segment", "signal"],
            how="left",
        )
    )
    fired = {
        row["account_id"]: row
        for row in fired_gates(signals.join(among, on="account_id", how="semi"), rules).iter_rows(
            named=True
        )
    }
    drivers: dict[str, list[dict[str, Any]]] = {}
    for row in driven.sort("account_id", "signal").iter_rows(named=True):
        drivers.setdefault(row["account_id"], []).append(row)
    specs = {spec.name: spec for spec in known}
    return {
        row["account_id"]: _way(
            rules, row, drivers.get(row["account_id"], []), fired[row["account_id"]], specs
        )
        for row in below_best.sort("account_id").iter_rows(named=True)
        if row["account_id"] in fired
    }


def _way(
    rules: ScoringRules,
    score: Mapping[str, Any],
    drivers: Sequence[Mapping[str, Any]],
    fired: Mapping[str, Any],
    specs: Mapping[str, SignalSpec],
) -> WayUp:
    tier = TIER_ORDER[TIER_ORDER.index(score["tier"]) + 1]
    low = next(rule.low for rule in rules.tiers if rule.name == tier)
    is_held = TIER_ORDER.index(score["held_tier"]) >= TIER_ORDER.index(tier)
    border = low - rules.band if is_held else low + rules.band
    levers = [_lever(row, specs[row["signal"]]) for row in drivers if row["signal"] in specs]
    demands = _demands(rules, tier, fired, {row["signal"]: row for row in drivers}, specs)
    return WayUp(tier, border, cheapest_path(levers, score["score"], border, demands))


def _lever(row: Mapping[str, Any], spec: SignalSpec) -> Lever:
    return Lever(
        signal=row["signal"],
        weight=row["weight"],
        subscore=row["subscore"],
        cap=spec.reachable,
        effort=spec.effort if spec.actionable else None,
        play=spec.play,
    )


def _demands(
    rules: ScoringRules,
    tier: str,
    fired: Mapping[str, Any],
    drivers: Mapping[str, Mapping[str, Any]],
    specs: Mapping[str, SignalSpec],
) -> list[Demand]:
    """The gates that fire and leave less than `tier`, and what would make each rest."""
    single = {gate.name: gate for gate in rules.gates}

    def floors(names: Sequence[str]) -> dict[str, float]:
        """Of the gates among `names` that fire; of two on one signal the higher floor."""
        found: dict[str, float] = {}
        for name in names:
            if fired[name]:
                signal = single[name].signal
                floor = _floor(single[name], drivers.get(signal), specs.get(signal))
                found[signal] = max(floor, found.get(signal, 0.0))
        return found

    def caps(gate: Gate | CombinedGate) -> bool:
        return bool(fired[gate.name]) and TIER_ORDER.index(gate.cap) < TIER_ORDER.index(tier)

    demands = [Demand(gate.name, floors([gate.name]), 1) for gate in rules.gates if caps(gate)]
    for both in filter(caps, rules.combined_gates):
        members = [name for name in both.gates if fired[name]]
        needed = floors(members)
        lift = min(len(members) - both.at_least + 1, len(needed))
        demands.append(Demand(both.name, needed, lift))
    return demands


def _floor(gate: Gate, driver: Mapping[str, Any] | None, spec: SignalSpec | None) -> float:
    """The subscore from which on `gate` rests; infinite where no subscore says so."""
    if gate.when == "risk":
        return RISK_BELOW
    if gate.value is None or driver is None or spec is None or driver["k0"] is None:
        return float("inf")
    sign = 1.0 if spec.higher_is_better else -1.0
    at, worst, best = (sign * number for number in (gate.value, driver["k0"], driver["k100"]))
    if at > best:
        return float("inf")  # it fires while the signal scores 100
    if at <= worst:
        return LEAST_LIFT
    four = [np.array([driver[knot]]) for knot in KNOTS]
    return float(
        subscore(np.array([gate.value]), four, higher_is_better=np.array([spec.higher_is_better]))[
            0
        ]
    )

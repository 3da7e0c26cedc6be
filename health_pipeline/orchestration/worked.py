"""The arithmetic behind one published score, gathered from the tables that hold it (R74)."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import floor
from typing import Any

import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.explanation.tier_work import (
    Asked,
    Judged,
    count_question,
    risk_question,
    value_question,
)
from health_pipeline.core.explanation.work import SHOWN_DECIMALS, Section, work
from health_pipeline.core.schemas.spec import RISK_BELOW
from health_pipeline.core.schemas.words import DRIFT
from health_pipeline.core.scoring.display import shown_parts
from health_pipeline.core.scoring.gates import gates
from health_pipeline.core.scoring.hard import hard_events
from health_pipeline.core.scoring.params import Gate, ScoringRules
from health_pipeline.orchestration.baseline import version_of
from health_pipeline.orchestration.earlier import earlier_scores
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.window import Window

TABLES = ("health_scores", "contributions", "signals", "population")


class OtherModelError(ValueError):
    """The score was made with another model than the one at hand, so its weights are not known."""


def worked(stores: Stores, account: str, day: date) -> list[Section]:
    """Each step of the score of `account` on `day`; none when it has no row on that day.

    Raises:
        OtherModelError: it was scored with another model.
    """
    model, rules = stores.model, stores.model.scoring
    mine = pl.col("account_id") == account
    found = {
        name: frame.filter(mine)
        for name, frame in published(stores, Window(day, day), *TABLES).items()
    }
    if found["health_scores"].is_empty():
        return []
    score = found["health_scores"].row(0, named=True)
    drivers = _drivers(found, _knots(stores, score))
    earlier = earlier_scores(stores.lake, [day], rules).filter(mine)
    earlier = earlier.filter(pl.col("date") >= day - timedelta(days=rules.fall_days))
    judged = _judged(model, found, earlier)
    return work(score, drivers, model.signals, _shown(score, drivers), judged)


def lowest_scored(scores: pl.DataFrame) -> str | None:
    """The account with the lowest score (of equal ones the first id); None when none has one."""
    lowest = scores.drop_nulls("score").sort("score", "account_id").head(1)
    return lowest["account_id"].item() if lowest.height else None


def _knots(stores: Stores, score: Mapping[str, Any]) -> pl.DataFrame:
    stored = published(stores, Window(score["date"], score["date"]), "baselines")["baselines"]
    used = stored.filter(pl.col("model_version") == score["model_version"])
    if version_of(stores.model, used) != score["model_version"]:
        raise OtherModelError(
            f"the score of {score['date']} was made with model version {score['model_version']}, "
            "which is not the model at hand: name its folder with --model"
        )
    return used.filter(pl.col("segment") == score["segment"])


def _drivers(found: Mapping[str, pl.DataFrame], knots: pl.DataFrame) -> pl.DataFrame:
    raw = found["signals"].select("signal", "value", "unit", "freshness_hours")
    return (
        found["contributions"]
        .join(raw, on="signal", how="left")
        .join(knots.select("signal", "k0", "k60", "k80", "k100"), on="signal", how="left")
        .sort("group", "signal")
    )


def _shown(score: Mapping[str, Any], drivers: pl.DataFrame) -> list[float] | None:
    """Points at a few decimals that add up to the score, itself floored so that no tier is lost."""
    if score["score"] is None:
        return None
    scale = 10.0**SHOWN_DECIMALS
    total = floor(score["score"] * scale + DRIFT) / scale
    return shown_parts(drivers["points"].to_list(), total, SHOWN_DECIMALS)


def _judged(model: HealthModel, found: Mapping[str, pl.DataFrame], earlier: pl.DataFrame) -> Judged:
    rules = model.scoring
    ordered = sorted(rules.tiers, key=lambda tier: tier.low)
    last = earlier.sort("date").tail(1)
    peak = earlier["score"].max()
    hard = hard_events(found["signals"], found["population"], model.signals)["hard"]
    return Judged(
        tiers=tuple((tier.name, tier.low, tier.high) for tier in ordered),
        band=rules.band,
        big_fall=rules.big_fall,
        fall_days=rules.fall_days,
        min_coverage=rules.min_coverage,
        asked=tuple(_asked(found["signals"], rules)),
        held_before=last["held_tier"].item() if last.height else None,
        seen_before=last["date"].item() if last.height else None,
        peak=peak if isinstance(peak, float) else None,
        hard=bool(hard.any()),
    )


def _asked(signals: pl.DataFrame, rules: ScoringRules) -> list[Asked]:
    """Every gate with its answer, which the rule itself gives: it is asked alone."""
    asked = [
        Asked(gate.name, _question(signals, gate), _answer(signals, gate, rules), gate.cap)
        for gate in rules.gates
    ]
    fired = {one.name for one in asked if one.fires}
    for gate in rules.combined_gates:
        count = len(fired & set(gate.gates))
        asks = count_question(gate.gates, count, gate.at_least)
        asked.append(Asked(gate.name, asks, count >= gate.at_least, gate.cap))
    return asked


def _answer(signals: pl.DataFrame, gate: Gate, rules: ScoringRules) -> bool | None:
    alone = rules.model_copy(update={"gates": (gate,), "combined_gates": ()})
    rows = gates(signals, alone).to_dicts()
    if not rows or rows[0]["not_measured"]:
        return None
    return rows[0]["cap"] is not None


def _question(signals: pl.DataFrame, gate: Gate) -> str:
    said = (pl.col("signal") == gate.signal) & (pl.col("status") == "measured")
    rows = signals.filter(said).to_dicts()
    row = rows[0] if rows else {"subscore": None, "value": None}
    if gate.when == "risk":
        return risk_question(gate.signal, row["subscore"], RISK_BELOW)
    return value_question(gate.signal, row["value"], gate.when, gate.value or 0.0)

"""The account score, its coverage, and what each signal gives to it (R70)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import KEY, SignalRows, beside, by_day_account
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.scoring.observe import Observed, observe
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.scoring.tiers import tier_by_score

TREND_DAYS = 30
NOISE_DECIMALS = 10
"""Scores and coverage are cut here: binary noise must not decide a tier (79.99999999999999)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What `score` finds.

    Attributes:
        raw: one row an account and day: `account_id`, `date`, `score` (0–100, null: unscored),
            `tier_by_score` (null: unscored), `coverage` (0–1), `groups_scored`, `trend_30d`,
            `arr`, `due`, `segment`.
        contributions: `RESULT_TABLES["contributions"]`.
    """

    raw: pl.DataFrame
    contributions: pl.DataFrame


def score(
    signals: pl.DataFrame | SignalRows,
    segments: pl.DataFrame,
    accounts: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
    *,
    rules: ScoringRules,
    horizon_days: int,
    history: pl.DataFrame,
) -> Scores:
    """Score every account on every day.

    Score = Σ_observed w·s / Σ_observed w over all signals; coverage = Σ_observed w·f /
    Σ_applicable w (science.md, "Normalisation"). Below `min_coverage`, or with nothing observed,
    an account is unscored.

    Args:
        signals: `RESULT_TABLES["signals"]`.
        segments: `RESULT_TABLES["segments"]` of the same accounts and days.
        accounts: the population: `account_id`, `date`, `arr`, `renews_on`,
            `cancellation_notice_on`.
        baseline: the frozen baseline that the signals were normalised with.
        specs: the signals.
        rules: groups, tiers, `min_coverage`.
        horizon_days: an account is `due` while its contract ends within (D, D + horizon] and no
            cancellation notice is known.
        history: `account_id`, `date`, `score` published before, from which `trend_30d` = score
            less the score 30 days earlier; days of this run count too.

    Raises:
        ValueError: see `observe`.
    """
    observed = observe(signals, segments, baseline, specs)
    people = accounts.select(*KEY, "arr", _due(horizon_days).alias("due"))
    placed = beside(by_day_account(people), segments.select(*KEY, "segment"))
    raw = (
        beside(placed, _totals(observed, rules))
        .with_columns(_coverage().alias("coverage"), _groups(rules).alias("groups_scored"))
        .with_columns(_score(rules).alias("score"))
    )
    return Scores(_with_trend(raw, history, rules), _contributions(observed, raw))


def _totals(observed: Observed, rules: ScoringRules) -> pl.DataFrame:
    """Sums over the signals of each account and day, and which groups speak."""
    rows, group = observed.rows, observed.cells.texts("group")
    counts = observed.weight > 0  # what is only watched makes no group
    weighted = np.where(observed.speaks, observed.weight * observed.subscore, 0.0)
    return rows.days.with_columns(
        pl.Series("w_observed", rows.total(observed.weight)),
        pl.Series("w_fresh", rows.total(observed.fresh)),
        pl.Series("w_applicable", rows.total(observed.applicable)),
        pl.Series("weighted", rows.total(weighted)),
        *(
            pl.Series(f"group:{name}", rows.any(counts & (group == name).to_numpy()))
            for name in rules.groups
        ),
    )


def _due(horizon_days: int) -> pl.Expr:
    ahead = (pl.col("renews_on") - pl.col("date")).dt.total_days()
    ends = (ahead > 0) & (ahead <= horizon_days)
    return ends.fill_null(False) & pl.col("cancellation_notice_on").is_null()


def _coverage() -> pl.Expr:
    share = (pl.col("w_fresh") / pl.col("w_applicable")).round(NOISE_DECIMALS).clip(0.0, 1.0)
    return pl.when(pl.col("w_applicable") > 0).then(share).otherwise(0.0)


def _groups(rules: ScoringRules) -> pl.Expr:
    names = [pl.when(f"group:{group}").then(pl.lit(group)) for group in rules.groups]
    return pl.concat_str(names, separator=",", ignore_nulls=True)


def _score(rules: ScoringRules) -> pl.Expr:
    enough = (pl.col("coverage") >= rules.min_coverage) & (pl.col("w_observed") > 0)
    mean = pl.col("weighted") / pl.col("w_observed")
    return pl.when(enough).then(mean.round(NOISE_DECIMALS).clip(0.0, 100.0))


def _with_trend(raw: pl.DataFrame, history: pl.DataFrame, rules: ScoringRules) -> pl.DataFrame:
    columns = (*KEY, "score")
    back = timedelta(days=TREND_DAYS)
    looked_at = pl.col("date").is_in((raw["date"].unique() - back).implode())
    before = (
        pl.concat([frame.select(columns).filter(looked_at) for frame in (raw, history)])
        .unique(KEY, keep="first", maintain_order=True)
        .select("account_id", pl.col("date") + back, pl.col("score").alias("before"))
    )
    return (
        beside(raw, before)
        .with_columns(
            (pl.col("score") - pl.col("before")).alias("trend_30d"),
            tier_by_score(pl.col("score"), rules).alias("tier_by_score"),
        )
        .select(
            *(*KEY, "score", "tier_by_score", "coverage", "groups_scored", "trend_30d"),
            *("arr", "due", "segment"),
        )
    )


def _contributions(observed: Observed, raw: pl.DataFrame) -> pl.DataFrame:
    """ω, ω·s and ω·(s − reference) of each signal; points are null for unscored accounts."""
    rows = observed.rows
    totals = raw.select(*KEY, "w_observed", pl.col("score").is_not_null().alias("scored"))
    of_day = beside(rows.days, totals)
    total = of_day["w_observed"].fill_null(0.0).to_numpy()[rows.day]
    scored = of_day["scored"].fill_null(value=False).to_numpy()[rows.day]
    weight = np.divide(observed.weight, total, out=np.zeros_like(total), where=total > 0)
    # A signal that does not speak has weight 0 and gives nothing, which is not a subscore of 0.
    gives = weight > 0
    points = np.where(gives, weight * observed.subscore, 0.0)
    against = np.where(
        gives, weight * (observed.subscore - observed.cells.numbers("reference")), 0.0
    )
    found = rows.frame.select(*KEY, "signal").with_columns(
        observed.cells.texts("group").alias("group"),
        observed.status.alias("status"),
        *(
            pl.Series(name, figures, nan_to_null=True)
            for name, figures in (
                ("weight", weight),
                ("subscore", observed.subscore),
                ("reference", observed.cells.numbers("reference")),
                ("points", np.where(scored, points, np.nan)),
                ("points_vs_reference", np.where(scored, against, np.nan)),
            )
        ),
    )
    known = of_day["scored"].is_not_null()
    if not known.all():  # of nobody in the population
        found = found.filter(pl.Series(known.to_numpy()[rows.day]))
    shape = RESULT_TABLES["contributions"].columns
    return found.select(pl.col(name).cast(dtype) for name, dtype in shape.items())

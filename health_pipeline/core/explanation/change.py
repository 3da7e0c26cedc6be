"""Why a score moved between two days, in parts that add up to the move (science.md, "Explanation").

A signal is *common* when it speaks on both days. On the common ones, with weights p that add up to
1, the move of each signal is p̄·Δs + (s̄ − S_ref)·Δp, which is exact because Σ Δp = 0. Δs is split
into what the customer did (behaviour) and what the model or the segment did to the same raw values
(threshold, segment), each taken at the raw value of both days and averaged. A signal that speaks on
one of the days only is coverage: what it moves when it is added to, or taken from, the common ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.subscore import subscore

PAIR = ("account_id", "date")
"""One comparison: an account, the day that is explained."""

LAGS = (7, 30)
"""Days back; the last scored day before is always compared with too."""

LEAST = 1e-12
"""Parts below it are noise of binary numbers and not kept."""

_KNOTS = ("k0", "k60", "k80", "k100")
_SIDE = ("weight", "subscore", "reference", "value")


@dataclass(frozen=True, slots=True)
class Rules:
    """What gives raw values their subscores and weights.

    Attributes:
        baselines: `RESULT_TABLES["baselines"]` of the model versions concerned.
        higher_is_better: direction of each signal.
        weights: `segment`, `signal`, `weight` of the model that scored the later day; only asked
            where model and segment changed together.
    """

    baselines: pl.DataFrame
    higher_is_better: dict[str, bool]
    weights: pl.DataFrame


def changes(
    now: pl.DataFrame, then: pl.DataFrame, drivers: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Parts of the move of each score since an earlier day.

    Args:
        now: scores of the days to explain: `account_id`, `date`, `score`, `segment`,
            `model_version`; rows without a score are left out.
        then: the scores that they are compared with: the same columns, `compared_with` being their
            own day and `date` the day to explain.
        drivers: `account_id`, `date` (own day), `signal`, `weight` (effective, 0–1), `subscore`,
            `reference`, `value` of all days concerned; rows of weight 0 do not count.
        rules: knots and weights.

    Returns:
        `RESULT_TABLES["score_changes"]`. `points` of one (account_id, date, compared_with) add up
        to `delta` within 1e-9. Parts without effect have no row. An account that was not scored on
        one of the two days has no rows: there is no number to explain.
    """
    pairs = _pairs(now, then)
    signals = _signals(pairs, drivers)
    apart = pairs.filter(_moved("segment") | _moved("model_version"))
    if apart.is_empty():
        parts = _told(_plain(signals))
    else:
        is_apart = list(PAIR)
        parts = pl.concat(
            [
                _told(_plain(signals.join(apart, on=is_apart, how="anti"))),
                _told(_ruled(signals.join(apart, on=is_apart, how="semi"), apart, rules)),
            ]
        )
    kept = parts.filter(pl.col("points").abs() > LEAST)
    whole = kept.join(pairs.select(*PAIR, "compared_with", "delta"), on=PAIR)
    return RESULT_TABLES["score_changes"].conform(whole)


def _pairs(now: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    """One row a comparison with both segments and model versions, and `delta`."""
    columns = ("score", "segment", "model_version")
    before = then.select(*PAIR, "compared_with", *(pl.col(c).alias(f"{c}_0") for c in columns))
    return (
        now.select(*PAIR, *columns)
        .join(before, on=PAIR)
        .drop_nulls(["score", "score_0"])
        .with_columns((pl.col("score") - pl.col("score_0")).alias("delta"))
    )


def _moved(column: str) -> pl.Expr:
    return pl.col(column).ne_missing(pl.col(f"{column}_0"))


def _signals(pairs: pl.DataFrame, drivers: pl.DataFrame) -> pl.DataFrame:
    """Each signal of each comparison with its figures of both days, and its share of the common.

    Adds `p_0`, `p` (weights over the common signals, null for others), `common_0`, `common` (score
    of the common signals on either day) and `centre` (S_ref: their score at the norm).
    """
    speaking = drivers.filter(pl.col("weight") > 0).select("account_id", "date", "signal", *_SIDE)
    after = pairs.select(PAIR).join(speaking, on=PAIR)
    before = (
        pairs.select(*PAIR, "compared_with")
        .join(
            speaking.rename({name: f"{name}_0" for name in _SIDE}),
            left_on=["account_id", "compared_with"],
            right_on=["account_id", "date"],
        )
        .drop("compared_with")
    )
    both = after.join(before, on=[*PAIR, "signal"], how="full", coalesce=True)
    is_common = pl.col("weight").is_not_null() & pl.col("weight_0").is_not_null()

    def share(name: str) -> pl.Expr:
        weight = pl.when(is_common).then(pl.col(name))
        return weight / weight.sum().over(PAIR)

    def total(weight: str, of: str) -> pl.Expr:
        return (pl.col(weight) * pl.col(of)).sum().over(PAIR)

    norm = (total("p", "reference") + total("p_0", "reference_0")) / 2
    any_common = pl.col("p").is_not_null().any().over(PAIR)
    alone = (total("weight", "reference") + total("weight_0", "reference_0")) / 2
    return (
        both.with_columns(share("weight").alias("p"), share("weight_0").alias("p_0"))
        .with_columns(pl.when(any_common).then(norm).otherwise(alone).alias("centre"))
        .with_columns(
            pl.when(any_common).then(total("p", "subscore")).otherwise("centre").alias("common"),
            pl.when(any_common)
            .then(total("p_0", "subscore_0"))
            .otherwise("centre")
            .alias("common_0"),
        )
    )


def _plain(signals: pl.DataFrame) -> pl.DataFrame:
    """Same model, same segment: what moved is behaviour."""
    moved = pl.col("subscore") - pl.col("subscore_0")
    nothing = pl.lit(0.0)
    return signals.with_columns(
        moved.alias("by_behaviour"),
        nothing.alias("by_threshold"),
        nothing.alias("by_segment"),
        pl.col("p").alias("p_between"),
    )


def _ruled(signals: pl.DataFrame, pairs: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Δs split by asking the same raw values under the rules of either day, and in between.

    In between stand the later model and the earlier segment.
    """
    of_pair = ("segment", "segment_0", "model_version", "model_version_0")
    asked = signals.join(pairs.select(*PAIR, *of_pair), on=PAIR)
    new = _asked(asked, rules, "model_version", "segment")
    old = _asked(asked, rules, "model_version_0", "segment_0")
    mid = _asked(asked, rules, "model_version", "segment_0")
    asked = asked.with_columns(
        pl.Series("old_of_new", old[1], nan_to_null=True),
        pl.Series("new_of_old", new[0], nan_to_null=True),
        pl.Series("mid_of_old", mid[0], nan_to_null=True),
        pl.Series("mid_of_new", mid[1], nan_to_null=True),
    )
    s0, s1 = pl.col("subscore_0"), pl.col("subscore")
    known = pl.all_horizontal(
        pl.col("old_of_new", "new_of_old", "mid_of_old", "mid_of_new").is_not_null()
    )
    behaviour = (pl.col("old_of_new") - s0 + s1 - pl.col("new_of_old")) / 2
    threshold = (pl.col("mid_of_old") - s0 + pl.col("mid_of_new") - pl.col("old_of_new")) / 2
    segment = (pl.col("new_of_old") - pl.col("mid_of_old") + s1 - pl.col("mid_of_new")) / 2
    split = asked.with_columns(
        pl.when(known).then(behaviour).otherwise(s1 - s0).alias("by_behaviour"),
        pl.when(known).then(threshold).otherwise(0.0).alias("by_threshold"),
        pl.when(known).then(segment).otherwise(0.0).alias("by_segment"),
    )
    return _weighed_between(split, rules.weights)


def _asked(
    asked: pl.DataFrame, rules: Rules, version: str, segment: str
) -> tuple[np.ndarray, np.ndarray]:
    """Subscores of the earlier and the later raw value under one version's knots of a segment."""
    knots = rules.baselines.select("model_version", "segment", "signal", *_KNOTS)
    found = asked.select(
        pl.col(version).alias("model_version"), pl.col(segment).alias("segment"), "signal"
    ).join(knots, on=["model_version", "segment", "signal"], how="left", maintain_order="left")
    up = asked["signal"].replace_strict(
        rules.higher_is_better, default=True, return_dtype=pl.Boolean
    )
    four = [found[name].fill_null(np.nan).to_numpy() for name in _KNOTS]
    unknown = np.isnan(four[0])
    before, after = (
        np.where(
            unknown,
            np.nan,
            subscore(
                asked[name].cast(pl.Float64).fill_null(np.nan).to_numpy(),
                four,
                higher_is_better=up.to_numpy(),
            ),
        )
        for name in ("value_0", "value")
    )
    return before, after


def _weighed_between(split: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Adds `p_between`: weights over the common signals of the later model, earlier segment."""
    between = weights.select(pl.col("segment").alias("segment_0"), "signal", w="weight")
    is_common = pl.col("p").is_not_null()
    w = pl.when(is_common).then(pl.col("w"))
    complete = (w.is_not_null() | ~is_common).all().over(PAIR) & (w.sum().over(PAIR) > 0)
    return split.join(
        between, on=["segment_0", "signal"], how="left", maintain_order="left"
    ).with_columns(
        pl.when(pl.col("model_version") == pl.col("model_version_0"))
        .then("p_0")
        .when((pl.col("segment") == pl.col("segment_0")) | ~complete)
        .then("p")
        .otherwise(w / w.sum().over(PAIR))
        .alias("p_between")
    )


def _told(split: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `date`, `signal`, `effect`, `points`."""
    mean_p = (pl.col("p") + pl.col("p_0")) / 2
    off_centre = (pl.col("subscore") + pl.col("subscore_0")) / 2 - pl.col("centre")
    gone = pl.col("weight").is_null()
    coverage = (
        pl.when(gone)
        .then(pl.col("weight_0") * (pl.col("common_0") - pl.col("subscore_0")))
        .when(pl.col("weight_0").is_null())
        .then(pl.col("weight") * (pl.col("subscore") - pl.col("common")))
    )
    of_signal = {
        "behaviour": mean_p * pl.col("by_behaviour"),
        "threshold": mean_p * pl.col("by_threshold"),
        "weight": off_centre * (pl.col("p_between") - pl.col("p_0")),
        "coverage": coverage,
    }
    moved_with_segment = mean_p * pl.col("by_segment") + off_centre * (
        pl.col("p") - pl.col("p_between")
    )
    nobody = pl.lit(None, dtype=pl.String)
    parts = [
        split.select(*PAIR, "signal", pl.lit(effect).alias("effect"), points.alias("points"))
        for effect, points in of_signal.items()
    ]
    parts.append(
        split.group_by(PAIR)
        .agg(moved_with_segment.sum().alias("points"))
        .select(*PAIR, nobody.alias("signal"), pl.lit("segment").alias("effect"), "points")
    )
    return pl.concat(parts).drop_nulls("points")


def compared_with(scored: Sequence[date], day: date) -> list[date]:
    """The earlier scored days that `day` is compared with: the last one, and 7 and 30 days back."""
    earlier = {one for one in scored if one < day}
    back = {day - timedelta(days=lag) for lag in LAGS}
    return sorted((back & earlier) | {max(earlier)}) if earlier else []

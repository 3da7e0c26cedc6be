"""Why a score moved between two days, in parts that add up to the move (science.md, "Explanation").

A signal is *common* when it speaks on both days. On the common ones, with weights p that add up to
1, the move of each signal is p̄·Δs + (s̄ − S_ref)·Δp, which is exact because Σ Δp = 0. Δs is split
into what the customer did (behaviour) and what the model or the segment did to the same raw values
(threshold, segment), each taken at the raw value of both days and averaged. A signal that speaks on
one of the days only is coverage: what it moves when it is added to, or taken from, the common ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from health_pipeline.core.explanation.sides import Floats, Side, sides
from health_pipeline.core.explanation.split import Rules, common, coverage, split, total
from health_pipeline.core.schemas.results import RESULT_TABLES

__all__ = ["LEAST", "Rules", "changes", "compared_with"]

PAIR = ("account_id", "date")
"""What is explained: an account, the day. With `compared_with` it is one comparison."""

LAGS = (7, 30)
"""Days back; the last scored day before is always compared with too."""

LEAST = 1e-12
"""Parts below it are noise of binary numbers and not kept."""

EFFECTS = ("behaviour", "coverage", "segment", "threshold", "weight")
"""In the order of the table's key."""

MEASURE = "measure"
"""In place of behaviour: the signal is measured otherwise on one of the two days."""

AT_ONCE = 8_192
"""Comparisons that are worked out together: their arrays stay in the cache."""


def changes(
    now: pl.DataFrame, then: pl.DataFrame, drivers: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Parts of the move of each score since earlier days.

    Args:
        now: scores of the days to explain: `account_id`, `date`, `score`, `segment`,
            `model_version`; rows without a score are left out.
        then: the scores that they are compared with: the same columns, `compared_with` being their
            own day and `date` the day to explain; any number of earlier days of each day.
        drivers: `account_id`, `date` (own day), `signal`, `weight` (effective, 0–1), `subscore`,
            `reference`, `value` of all days concerned; rows of weight 0 do not count.
        rules: knots and weights.

    Returns:
        `RESULT_TABLES["score_changes"]`. `points` of one (account_id, date, compared_with) add up
        to `delta` within 1e-9. Parts without effect have no row. An account that was not scored on
        one of the two days has no rows: there is no number to explain.
    """
    pairs = _pairs(now, then)
    known = sides(drivers, rules.speaking)
    days = (pairs.select("account_id", day) for day in ("compared_with", "date"))
    places = [known.rows(keys) for keys in days]
    found = [RESULT_TABLES["score_changes"].empty()]
    for start in range(0, pairs.height, AT_ONCE):
        part = pairs.slice(start, AT_ONCE)
        before, after = (known.at(side[start : start + AT_ONCE]) for side in places)
        found.append(_told(part, before, after, known.signals, rules))
    return RESULT_TABLES["score_changes"].conform(pl.concat(found))


def _pairs(now: pl.DataFrame, then: pl.DataFrame) -> pl.DataFrame:
    """One row a comparison with both segments and model versions, and `delta`; in order."""
    columns = ("score", "segment", "model_version")
    before = then.select(*PAIR, "compared_with", *(pl.col(c).alias(f"{c}_0") for c in columns))
    return (
        now.select(*PAIR, *columns)
        .join(before, on=PAIR)
        .drop_nulls(["score", "score_0"])
        .with_columns((pl.col("score") - pl.col("score_0")).alias("delta"))
        .sort("date", "account_id", "compared_with")
    )


def with_measure(found: pl.DataFrame, otherwise: pl.DataFrame) -> pl.DataFrame:
    """`found` where another model measures a signal otherwise: its raw value moved by that.

    What the customer did between the two days cannot be told apart from it.

    Args:
        found: `RESULT_TABLES["score_changes"]`.
        otherwise: `date`, `compared_with`, `signal`.
    """
    if otherwise.is_empty():
        return found
    keys = ["date", "compared_with", "signal"]
    marked = found.join(otherwise.with_columns(is_other=True), on=keys, how="left")
    is_measure = pl.col("is_other").is_not_null() & (pl.col("effect") == "behaviour")
    effect = pl.when(is_measure).then(pl.lit(MEASURE)).otherwise("effect")
    return RESULT_TABLES["score_changes"].conform(
        marked.with_columns(effect=effect).drop("is_other")
    )


def is_apart() -> pl.Expr:
    """Whether the model or the segment of a comparison changed."""
    return pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_0")) for name in ("segment", "model_version")
    )


def _told(
    pairs: pl.DataFrame, then: Side, now: Side, signals: list[str], rules: Rules
) -> pl.DataFrame:
    """The parts of some comparisons that have an effect, in the order of the table."""
    points = _points(pairs, then, now, signals, rules)
    with np.errstate(invalid="ignore"):
        pair, column = np.nonzero(np.abs(points) > LEAST)
    effects, names = _columns(signals)
    whole = pairs.select(*PAIR, "compared_with", "delta")[pair]
    return whole.with_columns(
        names[column].alias("signal"),
        effects[column].alias("effect"),
        pl.Series("points", points[pair, column]),
    )


def _columns(signals: list[str]) -> tuple[pl.Series, pl.Series]:
    """Effect and signal of each column of `_points`; the segment moves the score as a whole."""
    columns = [
        (effect, name)
        for effect in EFFECTS
        for name in ([None] if effect == "segment" else signals)
    ]
    effects, names = zip(*columns, strict=True)
    return pl.Series(effects, dtype=pl.String), pl.Series(names, dtype=pl.String)


def _points(pairs: pl.DataFrame, then: Side, now: Side, signals: list[str], rules: Rules) -> Floats:
    """What each effect moved: comparisons × `_columns`, NaN where there is nothing to move."""
    shared = common(then, now)
    parts = split(then, now, shared, pairs.with_columns(is_apart=is_apart()), signals, rules)
    mean_p = (shared.p + shared.p_0) / 2
    off_centre = (now.subscore + then.subscore) / 2 - shared.centre
    of_segment = mean_p * parts.segment + off_centre * (shared.p - parts.p_between)
    return np.hstack(
        [
            mean_p * parts.behaviour,
            coverage(then, now, shared),
            total(of_segment),
            mean_p * parts.threshold,
            off_centre * (parts.p_between - shared.p_0),
        ]
    )


def compared_with(scored: Sequence[date], day: date) -> list[date]:
    """The earlier scored days that `day` is compared with: the last one, and 7 and 30 days back."""
    earlier = {one for one in scored if one < day}
    back = {day - timedelta(days=lag) for lag in LAGS}
    return sorted((back & earlier) | {max(earlier)}) if earlier else []

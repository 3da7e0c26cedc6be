"""The parts of moves, as arrays (science.md, "Explanation"): comparisons × signals."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.explanation.sides import Floats, Side
from health_pipeline.core.schemas.subscore import subscore

KNOTS = ("k0", "k60", "k80", "k100")
OF_PAIR = ("segment", "segment_0", "model_version", "model_version_0")


@dataclass(frozen=True, slots=True)
class Rules:
    """What gives raw values their subscores and weights.

    Attributes:
        baselines: `RESULT_TABLES["baselines"]` of the model versions concerned.
        higher_is_better: direction of each signal.
        weights: `segment`, `signal`, `weight` of the model that scored the later day.
    """

    baselines: pl.DataFrame
    higher_is_better: dict[str, bool]
    weights: pl.DataFrame

    @property
    def speaking(self) -> list[str]:
        """Signals that weigh in some segment."""
        return self.weights.filter(pl.col("weight") > 0)["signal"].unique().to_list()


@dataclass(frozen=True, slots=True)
class Common:
    """What speaks on both days. Shares are NaN for other signals, sums have one column.

    Attributes:
        p_0, p: weights over the common signals.
        s_0, s: score of the common signals on either day.
        centre: S_ref, their score at the norm.
    """

    p_0: Floats
    p: Floats
    s_0: Floats
    s: Floats
    centre: Floats


@dataclass(frozen=True, slots=True)
class Split:
    """Δs in what the customer, the model and the segment did, and the weights in between."""

    behaviour: Floats
    threshold: Floats
    segment: Floats
    p_between: Floats


def common(then: Side, now: Side) -> Common:
    """The shares and sums of the signals that speak on both days."""
    both = ~np.isnan(then.weight) & ~np.isnan(now.weight)
    any_common = both.any(axis=1, keepdims=True)
    p_0, p = _shares(then.weight, both), _shares(now.weight, both)
    norm = (total(p * now.reference) + total(p_0 * then.reference)) / 2
    alone = (total(now.weight * now.reference) + total(then.weight * then.reference)) / 2
    centre = np.where(any_common, norm, alone)
    s_0, s = (
        np.where(any_common, total(share * side.subscore), centre)
        for share, side in ((p_0, then), (p, now))
    )
    return Common(p_0, p, s_0, s, centre)


def _shares(weights: Floats, among: NDArray[np.bool_]) -> Floats:
    """`weights` of the signals `among` which they add up to 1; NaN for others."""
    kept = np.where(among, weights, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return kept / total(kept)


def total(parts: Floats) -> Floats:
    """The sum of each row of what is known."""
    found: Floats = np.nansum(parts, axis=1, keepdims=True)
    return found


def coverage(then: Side, now: Side, shared: Common) -> Floats:
    """What a signal that speaks on one of the days only moves; NaN for others."""
    is_gone, is_new = np.isnan(now.weight), np.isnan(then.weight)
    gone = then.weight * (shared.s_0 - then.subscore)
    new = now.weight * (now.subscore - shared.s)
    return np.where(is_gone, gone, np.where(is_new, new, np.nan))


def split(
    then: Side,
    now: Side,
    shared: Common,
    pairs: pl.DataFrame,
    signals: list[str],
    rules: Rules,
) -> Split:
    """Δs of the comparisons `pairs` (`OF_PAIR`, `is_apart`: by other rules, one row each)."""
    # Same model, same segment: what moved is behaviour.
    moved = now.subscore - then.subscore
    found = Split(moved, np.zeros_like(moved), np.zeros_like(moved), shared.p.copy())
    rows = np.flatnonzero(pairs["is_apart"].to_numpy())
    if len(rows):
        before, after = then.of(rows), now.of(rows)
        apart = _ruled(before, after, common(before, after), pairs[rows], signals, rules)
        for field in fields(Split):
            getattr(found, field.name)[rows] = getattr(apart, field.name)
    return found


def _ruled(
    then: Side, now: Side, shared: Common, pairs: pl.DataFrame, signals: list[str], rules: Rules
) -> Split:
    """Δs split by asking the same raw values under the rules of either day, and in between.

    In between stand the later model and the earlier segment. `pairs` has `OF_PAIR`, one row a
    comparison.
    """
    up = np.array([rules.higher_is_better.get(name, True) for name in signals], dtype=bool)

    def asked(version: str, segment: str) -> tuple[Floats, Floats]:
        keys = pairs.select(model_version=version, segment=segment)
        knots = _knots(keys, signals, rules.baselines)
        before, after = (
            np.where(
                np.isnan(knots[0]),
                np.nan,
                subscore(side.value, knots, higher_is_better=up),
            )
            for side in (then, now)
        )
        return before, after

    new_of_old, _ = asked("model_version", "segment")
    _, old_of_new = asked("model_version_0", "segment_0")
    mid_of_old, mid_of_new = asked("model_version", "segment_0")
    s_0, s = then.subscore, now.subscore
    known = ~np.isnan(old_of_new + new_of_old + mid_of_old + mid_of_new)
    return Split(
        np.where(known, (old_of_new - s_0 + s - new_of_old) / 2, s - s_0),
        np.where(known, (mid_of_old - s_0 + mid_of_new - old_of_new) / 2, 0.0),
        np.where(known, (new_of_old - mid_of_old + s - mid_of_new) / 2, 0.0),
        _between(shared, pairs, signals, rules.weights),
    )


def _knots(keys: pl.DataFrame, signals: list[str], baselines: pl.DataFrame) -> list[Floats]:
    """The four knots of each of `keys` (`model_version`, `segment`) and signal; NaN: none."""
    names = keys.columns
    kinds = keys.unique(maintain_order=True).with_row_index("kind")
    found = baselines.filter(pl.col("signal").is_in(signals)).join(kinds, on=names)
    at = (found["kind"].to_numpy(), _columns(found["signal"], signals))
    kind = keys.join(kinds, on=names, how="left", maintain_order="left")["kind"].to_numpy()
    return [_placed(found[name], at, (kinds.height, len(signals)))[kind] for name in KNOTS]


def _placed(
    figure: pl.Series, at: tuple[NDArray[np.uint32], NDArray[np.uint32]], shape: tuple[int, int]
) -> Floats:
    cells = np.full(shape, np.nan)
    cells[at] = figure.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return cells


def _columns(names: pl.Series, signals: list[str]) -> NDArray[np.uint32]:
    return names.cast(pl.Enum(signals)).to_physical().to_numpy()


def _between(
    shared: Common, pairs: pl.DataFrame, signals: list[str], weights: pl.DataFrame
) -> Floats:
    """Weights over the common signals of the later model, earlier segment."""
    among = ~np.isnan(shared.p)
    segments = pairs.select(segment="segment_0").unique(maintain_order=True).with_row_index("kind")
    known = weights.filter(pl.col("signal").is_in(signals)).join(segments, on="segment")
    at = (known["kind"].to_numpy(), _columns(known["signal"], signals))
    kind = pairs.join(
        segments, left_on="segment_0", right_on="segment", how="left", maintain_order="left"
    )["kind"].to_numpy()
    w = _placed(known["weight"], at, (segments.height, len(signals)))[kind]
    w = np.where(among, w, np.nan)
    complete = (~np.isnan(w) | ~among).all(axis=1, keepdims=True) & (total(w) > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_segment = w / total(w)
    same_model, same_segment = (
        pairs.select(pl.col(name).eq_missing(pl.col(f"{name}_0"))).to_numpy()
        for name in ("model_version", "segment")
    )
    return np.where(
        same_model, shared.p_0, np.where(same_segment | ~complete, shared.p, of_segment)
    )

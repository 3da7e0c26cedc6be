"""Tiers: by score, held by a band, capped by gates (R72, R73; science.md, "Trend and state")."""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import KEY, by_day_account
from health_pipeline.core.scoring.grid import Array, Grid, State, read_grid
from health_pipeline.core.scoring.params import ScoringRules

UNSCORED = "unscored"

HELD: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "held_tier": pl.String(),
    "tier": pl.String(),
    "tier_since": pl.Date(),
}


def tier_by_score(score: pl.Expr, rules: ScoringRules) -> pl.Expr:
    """The tier whose half-open range [low, high) holds the unrounded score; null stays null."""
    rising = sorted(rules.tiers, key=lambda tier: tier.low)
    tier: pl.Expr = pl.lit(rising[0].name)
    for rule in rising[1:]:
        tier = pl.when(score >= rule.low).then(pl.lit(rule.name)).otherwise(tier)
    return pl.when(score.is_not_null()).then(tier)


def hold(raw: pl.DataFrame, previous: pl.DataFrame, rules: ScoringRules) -> pl.DataFrame:
    """The tiers that are published: moved only by more than noise, then capped by gates.

    A held tier starts at the raw tier on the first scored day and after an unscored one. It is left
    only when the score is `band` points past the border (exactly so many count), each border having
    its own band. A fall of `big_fall` points against the highest score of the last `fall_days`
    days, or a hard event, lowers it to the raw tier at once; neither ever lifts it. While a source
    of the account is down (`frozen`) both tiers stay as they are, unless a hard event stands.

    Args:
        raw: the days to publish: `account_id`, `date`, `score` and `tier_by_score` (null:
            unscored), `hard` (bool), `cap` (best tier that the gates leave, null: any), and
            optionally `frozen` (bool).
        previous: what was published before: `account_id`, `date`, `score`, `held_tier`, `tier`,
            `tier_since`. The `fall_days` days before the first day of `raw` are needed, other rows
            are ignored: an account without a row for longer starts afresh. So a range of days
            gives what the same days give one by one.
        rules: tiers, `band`, `big_fall`, `fall_days`.

    Returns:
        `HELD`, one row for each row of `raw`. `held_tier` is null and `tier` "unscored" without a
        score; `tier` = the lower of `held_tier` and `cap`; `tier_since`: first day of the current
        run of days with this `tier`.
    """
    if raw.is_empty():
        return pl.DataFrame(schema=HELD)
    rising = sorted(rules.tiers, key=lambda tier: tier.low)
    names = [*(tier.name for tier in rising), UNSCORED]
    borders = np.array([tier.low for tier in rising[1:]])
    grid, state = read_grid(raw, previous, names, rules.fall_days)
    days = [state := _next_day(grid, day, state, borders, rules) for day in grid.days]
    held, tier, since = (
        np.stack([getattr(day, name) for day in days], axis=1)[grid.rows, grid.columns]
        for name in ("held", "tier", "since")
    )
    return by_day_account(
        raw.select(KEY).with_columns(
            _named(held, names).alias("held_tier"),
            _named(tier, names).alias("tier"),
            pl.Series("tier_since", since).cast(pl.Date),
        )
    )


def _named(codes: Array, names: list[str]) -> pl.Series:
    return pl.Series([*names, None]).gather(np.where(codes < 0, len(names), codes))


def _next_day(grid: Grid, day: int, state: State, borders: Array, rules: ScoringRules) -> State:
    """The state of all accounts at the end of `day`; accounts without a row keep theirs."""
    score, best, unscored = grid.score[:, day], borders.size, borders.size + 1
    present = grid.present[:, day]
    scored = present & ~np.isnan(score)
    known = state.seen >= day - rules.fall_days
    new = _held(grid, day, np.where(known, state.held, -1), borders, rules)
    tier = np.where(scored, np.minimum(new, np.minimum(grid.cap[:, day], best)), unscored)
    rests = grid.frozen[:, day] & ~grid.hard[:, day] & scored & known & (state.held >= 0)
    new, tier = np.where(rests, state.held, new), np.where(rests, state.tier, tier)
    going_on = known & (tier == state.tier)
    return State(
        held=np.where(present, np.where(scored, new, -1), state.held),
        tier=np.where(present, tier, state.tier),
        since=np.where(present & ~going_on, grid.first_day + day, state.since),
        seen=np.where(present, day, state.seen),
    )


def _held(grid: Grid, day: int, held: Array, borders: Array, rules: ScoringRules) -> Array:
    """Held tiers of `day` as codes; without meaning where there is no score."""
    score, by_score = grid.score[:, day], grid.by_score[:, day]
    # Borders surely passed upwards, and borders not surely lost downwards.
    at_least = (score[:, None] >= borders + rules.band).sum(axis=1)
    at_most = (score[:, None] > borders - rules.band).sum(axis=1)
    banded = np.clip(held, at_least, at_most)
    peak = np.fmax.reduce(grid.score[:, day - rules.fall_days : day], axis=1, initial=-np.inf)
    # Nine decimals: a fall of exactly 15 points may be 14.99999999999999 in binary.
    at_once = grid.hard[:, day] | (np.round(peak - score, 9) >= rules.big_fall)
    lowered = np.where(at_once, np.minimum(banded, by_score), banded)
    result: Array = np.where(held < 0, by_score, lowered)
    return result

"""How many accounts at risk have a recovery plan (R104; science.md, "Impact")."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import polars as pl

AT_RISK = ("red", "yellow")

COVERAGE: dict[str, pl.DataType] = {
    "tier": pl.String(),
    "accounts": pl.Int64(),
    "with_plan": pl.Int64(),
    "share": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "arr": pl.Float64(),
    "arr_with_plan": pl.Float64(),
    "only_proposed": pl.Int64(),
}


def coverage(scores: pl.DataFrame, plans: pl.DataFrame, plays: pl.DataFrame) -> pl.DataFrame:
    """Accounts at risk with a recovery plan, and those with no more than a proposal.

    Args:
        scores: `RESULT_TABLES["health_scores"]` of one day.
        plans: `recovery.PLANS` of that day.
        plays: `running_plays` of that day.

    Returns:
        `COVERAGE`, one row for each tier of `AT_RISK` that has accounts, the worst first. `low` and
        `high` are Wilson's 95 % interval of `share`. ARR is that of the accounts whose ARR is
        known, null where no one's is.
    """
    planned = plans.filter("counts")["account_id"].unique()
    proposed = plays.filter(pl.col("status") == "proposed")["account_id"].unique()
    has_plan = pl.col("account_id").is_in(planned.implode())
    arr = pl.col("arr")
    is_known = arr.count() > 0
    found = (
        scores.filter(pl.col("tier").is_in(AT_RISK))
        .group_by("tier")
        .agg(
            pl.len().alias("accounts"),
            has_plan.sum().alias("with_plan"),
            pl.when(is_known).then(arr.sum()).alias("arr"),
            pl.when(is_known).then(arr.filter(has_plan).sum()).alias("arr_with_plan"),
            (pl.col("account_id").is_in(proposed.implode()) & ~has_plan)
            .sum()
            .alias("only_proposed"),
        )
        .sort(pl.col("tier").replace_strict({tier: n for n, tier in enumerate(AT_RISK)}))
    )
    ends = [_wilson(*row) for row in found.select("with_plan", "accounts").iter_rows()]
    return found.with_columns(
        (pl.col("with_plan") / pl.col("accounts")).alias("share"),
        pl.Series("low", [low for low, _ in ends], dtype=pl.Float64),
        pl.Series("high", [high for _, high in ends], dtype=pl.Float64),
    ).select(pl.col(name).cast(dtype) for name, dtype in COVERAGE.items())


def _wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's score interval; in place, as loading `scipy.stats` costs more than a day's plays."""
    z = NormalDist().inv_cdf(0.975)
    middle = (successes + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * sqrt(successes * (n - successes) / n + z**2 / 4)
    return max(middle - half, 0.0), min(middle + half, 1.0)

"""How far past a border a driver must be: wider where a signal is noisy from day to day."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.alerts.params import AlertRules

MIN_ACCOUNTS = 30
"""Fewer accounts say nothing about noise; the band of the rules stands."""

SIGMAS = 2.0
MAD_TO_SIGMA = 1.4826


def with_band(rows: pl.DataFrame, rules: AlertRules) -> pl.DataFrame:
    """`rows` of one day, which have the `code` of their signal, with `band` in points.

    It is max(rules.band, 2σ) (science.md, "Trend and state").

    σ is the robust spread (1.4826 × median absolute deviation) of a signal's change of subscore
    since yesterday over all accounts; a change that all accounts share is no noise. The band never
    exceeds the distance of a border to the end of the scale, so that every state can be reached.
    """
    step = pl.col("subscore") - pl.col("was_subscore")
    spread = (
        rows.select("code", step=step)
        .drop_nulls("step")
        .with_columns(off=(pl.col("step") - pl.col("step").median().over("code")).abs())
        .group_by("code")
        .agg(sigma=MAD_TO_SIGMA * pl.col("off").median(), n=pl.len())
        .filter(pl.col("n") >= MIN_ACCOUNTS)
    )
    widest = min(100.0 - rules.healthy_from, rules.watch_from)
    wide = {code: min(max(rules.band, SIGMAS * sigma), widest) for code, sigma, _ in spread.rows()}
    usual, codes = min(rules.band, widest), rows["code"].unique().to_list()
    of_code = [wide.get(code, usual) for code in range(max(codes, default=-1) + 1)]
    return rows.with_columns(pl.Series("band", of_code, pl.Float64).gather(rows["code"]))

"""Was the account Red before it left, and would a stayer have been Red in the same days?

"Churners Red in the 60 days before leaving" looks good because there are many looks at each account
(science.md). So every churner's window is also laid over stayers of its segment.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from health_pipeline.core.calibration.params import BacktestRules

STAYERS_PER_CHURNER = 5

WINDOWS: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "churner": pl.Boolean(),
    "segment": pl.String(),
    "red": pl.Boolean(),
    "lead_days": pl.Int64(),
}
"""One row a window. `segment`: the churner's at its last look, also on the rows of its stayers;
`lead_days`: from the first Red look to leaving, null when never Red."""


def leavings(labels: pl.DataFrame) -> pl.DataFrame:
    """`account_id`, `leave_on`: each churner's first event, at its notice where that is known."""
    return (
        labels.filter(pl.col("churned_within_horizon"))
        .sort("account_id", "effective_on", "notice_on", nulls_last=True)
        .unique("account_id", keep="first", maintain_order=True)
        .select("account_id", leave_on=pl.coalesce("notice_on", "effective_on"))
    )


def red_windows(panel: pl.DataFrame, labels: pl.DataFrame, rules: BacktestRules) -> pl.DataFrame:
    """Windows [leave − red_window_days, leave) of churners and of stayers matched to them.

    A stayer shares the churner's segment, is looked at on the churner's first and last day of the
    window, and has neither churn nor notice in `labels`. Up to `STAYERS_PER_CHURNER` are drawn for
    each churner by `rules.seed`; the draw does not depend on the order of rows.

    Args:
        panel: all looks: `account_id`, `date`, `segment`, `score`, `red`.
        labels: `churn_labels`.
        rules: window length and seed.

    Returns:
        `WINDOWS`. Churners without a scored look in their window have no row.
    """
    looks = panel.filter(pl.col("score").is_not_null()).select(
        "account_id", "date", "segment", "red"
    )
    left = leavings(labels).with_columns(window=pl.col("account_id"))
    own = _looks_within(looks, left, rules.red_window_days)
    spans = own.group_by("window", "leave_on").agg(
        pl.col("date").min().alias("first"),
        pl.col("date").max().alias("last"),
        pl.col("segment").sort_by("date").last(),
    )
    stayers = looks.join(_unsettled(labels), on="account_id", how="anti")
    chosen = _matched(spans, stayers, rules.seed)
    theirs = _looks_within(stayers, chosen, rules.red_window_days)
    parts = [_windows(own, spans, churner=True), _windows(theirs, spans, churner=False)]
    return pl.concat(parts).sort("window", "churner", "account_id").select(list(WINDOWS))


def _unsettled(labels: pl.DataFrame) -> pl.DataFrame:
    gone = pl.col("churned_within_horizon").fill_null(value=False)
    return labels.filter(gone | pl.col("notice_on").is_not_null()).select("account_id").unique()


def _looks_within(looks: pl.DataFrame, windows: pl.DataFrame, days: int) -> pl.DataFrame:
    """Looks of `windows`' accounts before `leave_on`, at most `days` earlier."""
    joined = looks.join(windows.select("account_id", "window", "leave_on"), on="account_id")
    return joined.filter(
        pl.col("date") < pl.col("leave_on"),
        pl.col("date") >= pl.col("leave_on") - timedelta(days=days),
    )


def _matched(spans: pl.DataFrame, stayers: pl.DataFrame, seed: int) -> pl.DataFrame:
    at_last = stayers.select("account_id", "segment", pl.col("date").alias("last"))
    at_first = stayers.select("account_id", pl.col("date").alias("first"))
    pairs = (
        spans.join(at_last, on=("segment", "last"))
        .join(at_first, on=("account_id", "first"), how="semi")
        .sort("window", "account_id")
    )
    lots = pl.Series("lot", np.random.default_rng(seed).permutation(pairs.height))
    drawn = pl.col("lot").rank("ordinal").over("window") <= STAYERS_PER_CHURNER
    return pairs.with_columns(lots).filter(drawn)


def _windows(looks: pl.DataFrame, spans: pl.DataFrame, *, churner: bool) -> pl.DataFrame:
    first_red = pl.col("date").filter("red").min()
    seen = looks.group_by("window", "account_id").agg(
        pl.col("red").any(),
        (pl.col("leave_on").first() - first_red).dt.total_days().alias("lead_days"),
    )
    return seen.join(spans.select("window", "segment"), on="window").with_columns(
        churner=pl.lit(churner)
    )

"""The backtest: figures of R100 with intervals, for all accounts and for each segment."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.calibration.figures import Row
from health_pipeline.core.calibration.labels import NO_EVENT
from health_pipeline.core.calibration.params import BacktestRules
from health_pipeline.core.calibration.snapshot_figures import snapshot_figures
from health_pipeline.core.calibration.window_figures import window_figures
from health_pipeline.core.calibration.windows import leavings, red_windows
from health_pipeline.core.schemas.results import RESULT_TABLES

_LABEL_COLUMNS = (
    "account_id",
    "date",
    "churned_within_horizon",
    "notice_on",
    "horizon_days",
    "counterweight",
    "label_known_through",
)


def backtest(
    panel: pl.DataFrame,
    labels: pl.DataFrame,
    rules: BacktestRules,
    report_month: str,
    model_version: str,
) -> pl.DataFrame:
    """Does the score know who leaves, and better than seat utilisation alone?

    Args:
        panel: one row an account and look (month ends and weekly looks between), scored with a
            baseline fitted at its cut-off: `account_id`, `date`, `segment`, `score`,
            `tier_by_score`, `due`, `seat_utilisation` (%), `red`.
        labels: `churn_labels`, at least at the month ends.
        rules: how far back, how much evidence, how many resamples.
        report_month: stands on every row.
        model_version: likewise.

    Returns:
        `backtests` of contracts.md: segment "all" and each segment. A figure on fewer than
        `rules.min_churners` churning accounts is null and its note says so. `n` counts accounts.
    """
    rows = evaluated_rows(panel, labels, rules.months)
    windows = red_windows(panel, labels, rules)
    churners = leavings(labels).height
    segments = [None, *panel["segment"].drop_nulls().unique().sort()]
    found: list[Row] = []
    for segment in segments:
        of = pl.lit(value=True) if segment is None else pl.col("segment") == segment
        part = rows.filter(of)
        figures = snapshot_figures(part, rules) + window_figures(
            windows.filter(of), rules, churners if segment is None else None
        )
        found += [{"segment": segment or "all", **row} for row in figures]
    table = RESULT_TABLES["backtests"]
    frame = pl.DataFrame(found, schema_overrides=table.columns, infer_schema_length=None)
    if labels.is_empty():
        frame = frame.with_columns(note=pl.lit(NO_EVENT))
    return table.conform(
        frame.with_columns(report_month=pl.lit(report_month), model_version=pl.lit(model_version))
    )


def evaluated_rows(panel: pl.DataFrame, labels: pl.DataFrame, months: int) -> pl.DataFrame:
    """Month-end rows with a score and a settled label, of the last `months` month ends.

    Left out: rows past the notice (the decision has fallen), and whole snapshots whose horizon
    passes the end of the labels, since of those only the churners would be left.
    """
    horizon_end = pl.col("date") + pl.duration(days=pl.col("horizon_days"))
    rows = (
        panel.filter(pl.col("date") == pl.col("date").dt.month_end())
        .join(labels.select(_LABEL_COLUMNS), on=("account_id", "date"))
        .filter(
            pl.col("churned_within_horizon").is_not_null(),
            pl.col("score").is_not_null(),
            horizon_end <= pl.col("label_known_through"),
            pl.col("notice_on").is_null() | (pl.col("notice_on") > pl.col("date")),
        )
        .sort("account_id", "date")
    )
    last = rows["date"].unique().sort(descending=True).head(months)
    return rows.filter(pl.col("date").is_in(last.implode()))

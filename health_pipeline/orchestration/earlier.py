"""What scoring reads of the days before: few columns of few days, whatever the range."""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.store.lake import Lake
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.grid import EARLIER
from health_pipeline.core.scoring.params import ScoringRules
from health_pipeline.core.scoring.score import TREND_DAYS
from health_pipeline.orchestration.window import runs_of

SCORES = "health_scores"


def earlier_scores(lake: Lake, days: Sequence[date], rules: ScoringRules) -> pl.DataFrame:
    """Published scores that `days` (without holes) are scored by, of the days before them.

    Trends look at the day 30 days before each; held tiers look at the `fall_days` days before the
    first.

    Returns:
        The columns `EARLIER`; no rows where nothing is published.
    """
    first = min(days)
    trends = {day - timedelta(days=TREND_DAYS) for day in days}
    held = {first - timedelta(days=back) for back in range(1, rules.fall_days + 1)}
    wanted = sorted(day for day in trends | held if day < first)
    scans = [lake.scan(SCORES, run.first, run.last) for run in runs_of(wanted)]
    found = [scan.select(EARLIER) for scan in scans if scan is not None]
    return pl.concat([RESULT_TABLES[SCORES].empty().lazy().select(EARLIER), *found]).collect()

"""A panel of accounts whose score knows a share of the truth, with its labels."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES

MONTH_ENDS = [date(2025, m, 1) - timedelta(days=1) for m in range(2, 13)]
LOOKS = sorted({*MONTH_ENDS, *(MONTH_ENDS[0] + timedelta(days=7 * n) for n in range(43))})
THROUGH = date(2026, 2, 28)


def panel(n: int = 400, churners: int = 60, power: float = 1.0, seed: int = 3) -> pl.DataFrame:
    """Scores fall before a churner's `leave` by `power`; seats are noise."""
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(n):
        leave = LOOKS[0] + timedelta(days=int(rng.integers(100, 330))) if i < churners else None
        level = rng.normal(78, 9)
        for look in LOOKS:
            if leave is not None and look >= leave:
                break
            near = leave is not None and (leave - look).days <= 90
            score = float(np.clip(level + rng.normal(0, 3) - 25 * power * near, 0, 100))
            due = near or bool(rng.random() < 0.2)
            seats = float(rng.uniform(20, 100))
            frames.append((f"a{i:03}", look, f"s{i % 2}", score, seats, due, leave))
    names = ["account_id", "date", "segment", "score", "seat_utilisation", "due", "leave"]
    red = pl.col("score") < 60
    tier = pl.when(red).then(pl.lit("red")).when(pl.col("score") < 80).then(pl.lit("yellow"))
    return pl.DataFrame(frames, schema=names, orient="row").with_columns(
        red=red, tier_by_score=tier.otherwise(pl.lit("green"))
    )


def labels_of(panel: pl.DataFrame, through: date = THROUGH) -> pl.DataFrame:
    """Labels by definition for a horizon of 90 days; `notice_on`, `counterweight` empty."""
    ahead = (pl.col("leave") - pl.col("date")).dt.total_days()
    hit = ((ahead <= 90) & (pl.col("leave") <= through)).fill_null(value=False)
    known = pl.col("date") + timedelta(days=90) <= through
    frame = panel.with_columns(
        horizon_days=pl.lit(90),
        churned_within_horizon=pl.when(hit).then(statement=True).when(known).then(statement=False),
        effective_on=pl.when(hit).then("leave"),
        days_to_event=pl.when(hit).then(ahead),
        event_kind=pl.when(hit).then(pl.lit("logo_loss")),
        censored=~hit & ~known,
        label_known_through=pl.lit(through),
    )
    table = RESULT_TABLES["churn_labels"]
    empty = [name for name in table.columns if name not in frame.columns]
    return table.conform(frame.with_columns(pl.lit(None).alias(name) for name in empty))

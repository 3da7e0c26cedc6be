"""Escalations rise while use falls (R43, compound).

Rise = more tickets escalated in `window_days` than in as many days before. Falling = active
users (days of use, where no user is ever shown) of both of the last two weeks ≤ 75 % of the
account's own prior 8-week median, and of what those weeks were to everyone. Value = the escalations
of the window when both hold, 0 otherwise. Missing for an account of which no fall could be told
(`usage_fall`), or that support has never seen.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.queries import read
from health_pipeline.core.signals.answers import answers, not_applicable
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import supported, tickets
from health_pipeline.core.signals.usage_fall import usage_fall


class Params(Frozen):
    """`window_days`: escalated on the last so many days, against as many before."""

    window_days: int = Field(default=14, ge=1)


META = KindMeta(
    reads=("tickets", "events", "usage_daily"),
    unit="escalations while use falls",
    higher_is_better=False,
    leading=True,
    default_knots=(2.0, 0.75, 0.5, 0.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="0: escalations do not rise, or use holds",
    risk_pattern="more escalations than in the window before while use falls",
    kpi="escalation rate",
    risk_sentence="escalations rise while use falls: {detail}",
    strength_sentence="no rise of escalations while use falls: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Number of escalated tickets; `detail` gives both counts and the fall."""
    fall = usage_fall(view) if view.has("tickets", "escalated_at") else None
    if fall is None:
        return not_applicable(view)
    window = timedelta(days=params.window_days)
    on = pl.col("escalated_at").dt.date()
    escalated = (
        tickets(view)
        .filter(on > view.day - 2 * window)
        .group_by("account_id")
        .agg(
            now=(on > view.day - window).sum(),
            before=on.is_between(view.day - 2 * window, view.day - window, closed="right").sum(),
        )
        .pipe(read)
    )
    counts = supported(view).join(escalated, on="account_id", how="left").fill_null(0)
    joined = fall.join(counts, on="account_id", how="left", maintain_order="left")
    both = pl.col("falls") & (pl.col("now") > pl.col("before"))
    figures = (
        f"{{}} in {params.window_days} days after {{}} in the {params.window_days} before; {{}}"
    )
    said = pl.format(figures, "now", "before", "words")
    # Words of escalations only where there are any: mostly there are none.
    some = (pl.col("now") > 0) | (pl.col("before") > 0)
    none = f"none escalated in {2 * params.window_days} days"
    return answers(
        view,
        joined.select(
            "account_id",
            "observed_on",
            value=pl.when(pl.col("now").is_not_null() & pl.col("falls").is_not_null()).then(
                pl.when(both).then("now").otherwise(0)
            ),
            detail=pl.when(some).then(said).otherwise(pl.lit(none)),
        ),
    )

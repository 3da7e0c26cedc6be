"""Whether procurement has a hand in an open renewal or expansion (R51).

1 while one is flagged and not decided, else 0. Missing for an account without any such record, or
where the open ones do not tell.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.deals import is_open
from health_pipeline.core.signals.answers import answers, not_applicable, rows, worst_row
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("renewals",),
    unit="flags",
    higher_is_better=False,
    leading=True,
    default_knots=(2.0, 0.75, 0.5, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="no open renewal flagged by procurement",
    risk_pattern="procurement is involved in an open renewal",
    kpi="renewals under procurement review",
    risk_sentence="procurement is involved: {detail}",
    strength_sentence="procurement is not involved: {detail}",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """1 or 0; `detail` names the flagged record that closes first."""
    if not view.has("renewals", "procurement_flag"):
        return not_applicable(view)
    flag = pl.col("procurement_flag")
    records = rows(view, "renewals").filter(flag.is_not_null() | ~is_open())
    words = pl.format("to be closed on {}, {}", "close_on", "kind")
    flagged = (flag & is_open()).cast(pl.Int64)
    return answers(view, worst_row(records, flagged, words, "no open renewal is flagged"))

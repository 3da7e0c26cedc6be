"""Tickets opened in 30 days against the account's own earlier rate (R41).

100 × (opened + 3) / (expected + 3), expected = what the 150 days before would bring in as many
days. Against itself, not by seats: small accounts open several times as many tickets a seat as
large ones, and would always look worse. The 3 keep one or two tickets of a silent account from
looking like a flood. Earlier days count from the account's first day or ticket, and from the first
ticket of the source, whoever's it is: before that nothing was recorded. Missing with less than
`window_days` of earlier days, or for an account that support has never seen.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import answers, not_applicable
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.tickets import ticket_rate

SMOOTHING = 3.0
"""Tickets added to both sides: a rise of a few tickets is noise (Poisson)."""


class Params(Frozen):
    """`window_days`: opened on the last so many days; `earlier_days`: the days before them."""

    window_days: int = Field(default=30, ge=1)
    earlier_days: int = Field(default=150, ge=1)


META = KindMeta(
    reads=("tickets",),
    unit="% of usual",
    higher_is_better=False,
    leading=True,
    default_knots=(300.0, 180.0, 140.0, 100.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="up to 140% of the tickets that the account usually opens",
    risk_pattern="a month with nearly twice the usual tickets or more",
    kpi="ticket volume",
    risk_sentence="more support tickets than usual: {detail}",
    strength_sentence="no more support tickets than usual: {detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent of the usual; `detail` gives both counts."""
    if "tickets" not in view.tables:
        return not_applicable(view)
    found = ticket_rate(view, params.window_days, params.earlier_days)
    share = 100.0 * (pl.col("opened") + SMOOTHING) / (pl.col("usual") + SMOOTHING)
    window = f"in {params.window_days} days"
    return answers(
        view,
        found.select(
            "account_id",
            value=share,
            detail=pl.format(f"{{}} {window}, usually {{}}", "opened", pl.col("usual").round(1)),
        ),
    )

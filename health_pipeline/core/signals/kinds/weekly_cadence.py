"""In how many of the latest weeks the account was used (R34).

Weeks are spans of seven days that end on the last delivered day. A week counts with use on
`min_days` of its days. Weeks before the account's first use are none of its weeks, and one whose
first use lies less than 8 weeks back is missing; an account without use in 18 weeks is at 0.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.active_weeks import weeks_of_use
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import KindMeta
from health_pipeline.core.signals.telling import told

MIN_WEEKS, MOST_WEEKS = 8, 18


class Params(Frozen):
    """`weeks`: looked at. `min_days`: days of use that make a week count."""

    weeks: int = Field(default=12, ge=MIN_WEEKS, le=MOST_WEEKS)
    min_days: int = Field(default=1, ge=1, le=7)


META = KindMeta(
    reads=("events", "usage_daily"),
    unit="% of weeks",
    higher_is_better=True,
    leading=True,
    default_knots=(25.0, 66.0, 83.0, 100.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="used in at least 10 of the last 12 weeks",
    risk_pattern="a third of the weeks or more without use",
    kpi="weekly active cadence",
    risk_sentence="{detail}",
    strength_sentence="{detail}",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """% of the weeks; `detail` gives the two numbers."""
    found = usage(view, users=False)
    if found is None:
        return not_applicable(view)
    known = found.drop_nulls(["observed_on", "active_mask_0", "active_mask_1"])
    days = np.bitwise_count(weeks_of_use(known)).astype(np.int64)
    lived = _weeks_lived(days)
    of = np.where(lived == 0, params.weeks, np.minimum(lived, params.weeks))
    looked_at = np.arange(len(days))[:, None] < of
    active = ((days >= params.min_days) & looked_at).sum(axis=0)
    known_long = (lived == 0) | (lived >= MIN_WEEKS)
    share = pl.when(pl.Series(known_long)).then(pl.Series(100.0 * active / of))
    words = told("detail", active * (MOST_WEEKS + 1) + of, lambda code: _sentence(code, params))
    return answers(
        view, known.select("account_id", "observed_on").with_columns(share.alias("value"), words)
    )


def _weeks_lived(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Weeks since the first use of the 18, its own included; 0 without any."""
    used = days > 0
    return np.where(used.any(axis=0), len(days) - np.argmax(used[::-1], axis=0), 0)


def _sentence(code: int, params: Params) -> str:
    active, of = divmod(code, MOST_WEEKS + 1)
    each = "" if params.min_days == 1 else f" on {params.min_days} days or more"
    return f"used in {active} of {of} weeks{each}"

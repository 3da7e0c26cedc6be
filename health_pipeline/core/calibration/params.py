"""How the backtest looks at the past."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class BacktestRules(Frozen):
    """Rolling-origin backtest (R100).

    Attributes:
        months: month-end snapshots looked back on.
        red_window_days: "Red within these days before leaving".
        min_churners: below it "not enough evidence" stands in place of a number.
        resamples: cluster-bootstrap resamples over accounts.
        seed: of the bootstrap.
    """

    months: int = Field(default=12, ge=1)
    red_window_days: int = Field(default=60, ge=1)
    min_churners: int = Field(default=20, ge=1)
    resamples: int = Field(default=400, ge=1)
    seed: int = 7

"""How the backtest looks at the past."""

from __future__ import annotations

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

    months: int = 12
    red_window_days: int = 60
    min_churners: int = 20
    resamples: int = 400
    seed: int = 7

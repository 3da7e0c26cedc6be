"""The past as the model would have seen it: earlier days, each with a baseline of its time.

Every month is scored with knots fitted on the last day of the month before, so that no score of the
backtest knows what came later (science.md, "Leakage traps").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.orchestration.days import Past, populations
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.steps import score_days
from health_pipeline.orchestration.usage import usage_on
from health_pipeline.orchestration.values import measured

SEAT_UTILISATION = "seat_utilisation"
LOOK_DAYS = 7

PANEL: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "segment": pl.String(),
    "plan": pl.String(),
    "score": pl.Float64(),
    "tier_by_score": pl.String(),
    "tier": pl.String(),
    "red": pl.Boolean(),
    "coverage": pl.Float64(),
    "due": pl.Boolean(),
    "seat_utilisation": pl.Float64(),
    "fingerprint": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month: its first and last day, and the last day of the month before."""

    first: date

    @property
    def last(self) -> date:
        """Last day of the month."""
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def cut_off(self) -> date:
        """The day on which the month's baseline is fitted."""
        return self.first - timedelta(days=1)

    def looks(self) -> list[date]:
        """One day a week, the last of them the month's end."""
        return sorted(self.last - timedelta(days=n) for n in range(0, 28, LOOK_DAYS))

    def before(self, months: int) -> "Month":
        """The month that lies `months` earlier."""
        index = self.first.year * 12 + self.first.month - 1 - months
        return Month(date(index // 12, index % 12 + 1, 1))


def months_back(last: Month, count: int) -> list[Month]:
    """`count` months ending with `last`, in order."""
    return [last.before(n) for n in reversed(range(count))]


def month_panel(stores: Stores, past: Past, month: Month) -> pl.DataFrame:
    """`PANEL` rows of one month; empty when nobody was a customer at its cut-off.

    Args:
        stores: the model and the lake.
        past: covers the cut-off and the month.
        month: the month looked at.
    """
    model, days = stores.model, [month.cut_off, *month.looks()]
    people, _ = populations(past, days)
    values = _values(stores, past, people, days)
    segments = assign(people, model.segments)
    at_cut_off = pl.col("date") == month.cut_off
    baseline = fit_baseline(
        values.filter(at_cut_off),
        segments.filter(at_cut_off),
        model.signals,
        model.segments,
        month.cut_off,
    )
    scored = score_days(
        model,
        values=values.filter(~at_cut_off),
        segments=segments.filter(~at_cut_off),
        population=people.filter(~at_cut_off),
        baseline=baseline,
        published=RESULT_TABLES["health_scores"].empty(),
        model_version=f"backtest-{month.cut_off}",
        scored_at=datetime.combine(month.last, time.min, tzinfo=UTC),
    )
    seats = values.filter(pl.col("signal") == SEAT_UTILISATION).select(
        "account_id", "date", pl.col("value").alias("seat_utilisation")
    )
    return (
        scored.health_scores.join(seats, on=["account_id", "date"], how="left")
        .join(segments.select("account_id", "date", "plan"), on=["account_id", "date"])
        .with_columns(
            (pl.col("tier") == "red").alias("red"),
            pl.lit(model.fingerprint()).alias("fingerprint"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in PANEL.items())
    )


def _values(stores: Stores, past: Past, people: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    return measured(past, people, usage_on(stores, people, days), days)

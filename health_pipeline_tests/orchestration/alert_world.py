"""A lake in which drivers change from day to day, published and evaluated as a run would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.alerting import Evaluation, evaluate
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import resolve_and_register
from health_pipeline_tests.core.alerts.population import Population

NAMES = {
    "today": "burst_gap",
    "week": "seats_active_7d",
    "month": "seats_active_30d",
    "tickets": "open_tickets",
    "sponsor": "sponsor_engagement",
}
"""Drivers of the population → signals of the packaged model that rest on the same tables."""

TABLES = ("alerts", "incidents", "alert_decisions", "evaluations", "moved_accounts", "outbox")
OWNERS = ("ann@us.example", "joe@us.example", None)


def house_in(home: Path, alerts: str = "") -> House:
    """A house in `home` with the packaged model; `alerts`: an alerts.yaml of its own."""
    model = None
    if alerts:
        model = home / "model"
        model.mkdir(parents=True, exist_ok=True)
        (model / "alerts.yaml").write_text(alerts, encoding="utf-8")
    settings = load_settings({}, model=model, sources=home / "sources", lake=home / "lake")
    return House(settings, load_model(settings.model))


@dataclass
class AlertWorld:
    """`world` published day by day into the lake of `house`; `versions`: day → model version."""

    house: House
    world: Population
    versions: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        house: House,
        frames: list[dict[str, pl.DataFrame]],
        like: Population | None = None,
    ) -> AlertWorld:
        """The same world in another house, from the tables that were made for the first one."""
        world = cls(house, like or Population(1, len(frames)))
        world.__dict__["frames"] = frames
        return world

    def day(self, n: int) -> date:
        """The n-th day."""
        return self.world.day(n)

    def evaluate(self, stores: Stores, n: int) -> Evaluation:
        """Evaluate the latest day on the morning after the n-th."""
        return evaluate(stores, self.now(n))

    def evaluate_at(self, stores: Stores, n: int, hours: int) -> Evaluation:
        """The same so many hours later."""
        return evaluate(stores, self.now(n) + timedelta(hours=hours))

    def now(self, n: int) -> datetime:
        """The morning after the n-th day."""
        return datetime.combine(self.day(n) + timedelta(days=1), time(6), tzinfo=UTC)

    def version(self, n: int) -> str:
        return [v for day, v in sorted({0: "v1", **self.versions}.items()) if day <= n][-1]

    @cached_property
    def frames(self) -> list[dict[str, pl.DataFrame]]:
        """Every day's tables, in order."""
        model, before, found = self.house.model, RESULT_TABLES["driver_states"].empty(), []
        for n, (_, signals) in enumerate(self.world.signals()):
            named = signals.with_columns(pl.col("signal").replace(NAMES))
            before, changes = driver_states(
                named, model.signals, before, model.alerts, self.version(n)
            )
            found.append({"driver_states": before, "driver_transitions": changes, **self.rest(n)})
        return found

    def rest(self, n: int) -> dict[str, pl.DataFrame]:
        """Population, scores and usage of the n-th day: the score is that of last week's use."""
        day, ids = self.day(n), self.world.ids
        dates = {"date": pl.lit(day)}
        owners = [OWNERS[k % len(OWNERS)] for k in range(len(ids))]
        people = pl.DataFrame({"account_id": ids, "owner_email": owners})
        score = pl.Series("score", np.clip(100 * self.world.recent(n), 0, 100))
        scores = pl.DataFrame({"account_id": ids}).with_columns(
            score,
            tier=pl.Series(np.where(score >= 80, "green", np.where(score >= 45, "yellow", "red"))),
            segment=pl.lit("starter"),
            model_version=pl.lit(self.version(n)),
            **dates,
        )
        whole = {**ACCOUNT_COLUMNS, "date": pl.Date()}
        return {
            "population": _filled(people.with_columns(**dates), whole),
            "health_scores": _filled(scores, RESULT_TABLES["health_scores"].columns),
            "usage_windows": self.world.windows(n).with_columns(**dates),
        }

    def publish(self, stores: Stores, n: int) -> None:
        """Publish the n-th day; on the first one also who is who: nothing has landed."""
        writes = [Write(name, self.day(n), frame) for name, frame in self.frames[n].items()]
        if n == 0:
            nobody = resolve_and_register(stores, "test", self.day(0))
            writes += [
                Write("account_xref", None, nobody.account_xref),
                Write("user_xref", None, nobody.user_xref),
            ]
        stores.lake.publish(writes, run_id="test", at=self.now(n))


def _filled(frame: pl.DataFrame, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    missing = [pl.lit(None, t).alias(c) for c, t in columns.items() if c not in frame.columns]
    whole = frame.with_columns(missing)
    return whole.select(pl.col(name).cast(dtype) for name, dtype in columns.items())


def written(stores: Stores) -> dict[str, list[tuple[object, ...]]]:
    """Every row that evaluations have written, byte by byte."""
    return {
        table: stores.control.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608 - our own names
        for table in TABLES
    }


def eventful(days: int, accounts: int = 80) -> Population:
    """A population to which everything happens: outages, a fall, and noise all the time."""
    world = Population(accounts, days, seed=5)
    people = np.arange(accounts)
    for first in range(6, days, 25):
        world.out(first, first + 1, people < accounts // 2)
    for first in range(15, days, 40):
        world.fall(first, people >= accounts - 30, 0.5)
    return world

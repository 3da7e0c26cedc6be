"""A population whose drivers move from day to day, in arrays; outages and falls come over it.

Each account has a level of daily use. Usage drivers are windows of it against the account's own
level: of one day (`today`), of a week (`week`), of a month (`month`); `tickets` and `sponsor` come
from other sources and have noise of their own. Subscores are piecewise linear in the ratio. Few
accounts really decline, each on a day of its own; that is the noise of a business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from health_pipeline.core.alerts.drivers import driver_states
from health_pipeline.core.alerts.entries import PEOPLE
from health_pipeline.core.alerts.evaluate import evaluate_day
from health_pipeline.core.alerts.force import InForce
from health_pipeline.core.alerts.gates import COUNTED, OUTAGE, Outage, counted
from health_pipeline.core.alerts.incidents import Incident, echoes
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.alerts.seen import Memory, News, Outcome
from health_pipeline.core.alerts.tell import Beside
from health_pipeline.core.alerts.volume import volume
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.core.schemas.worlds import spec

FIRST = date(2026, 1, 5)
READS = {
    "today": ("usage",),
    "week": ("usage",),
    "month": ("usage",),
    "tickets": ("tickets",),
    "sponsor": ("engagements",),
}
WINDOWS = {"today": 1, "week": 7, "month": 30}
SPECS = [spec(name) for name in READS]
RULES = AlertRules(notify=("risk", "watch", "healthy"))
WARM_UP = 70
"""Days of use before the first evaluated one, so that windows and weekdays have a past."""


@dataclass
class Population:
    """`accounts` customers for `days` days.

    Attributes:
        silent: (days, accounts): nothing of the account arrives, though it uses the product.
        factor: (days, accounts): what its use is multiplied by; 1 = as ever.
    """

    accounts: int
    days: int
    seed: int = 3
    first: date = FIRST
    silent: np.ndarray = field(init=False)
    factor: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        whole = WARM_UP + self.days
        shape = (whole, self.accounts)
        self.level = rng.lognormal(4.0, 0.8, self.accounts)
        self.factor = np.ones(shape)
        declining = rng.random(self.accounts) < 0.03
        begins = rng.integers(WARM_UP - 30, whole, self.accounts)
        after = np.arange(whole)[:, None] >= begins[None, :]
        self.factor[after & declining[None, :]] = 0.35
        self.noise = rng.normal(0, 0.12, shape)
        self.other = {
            name: np.clip(
                85 + 4 * rng.normal(size=self.accounts) + 3 * rng.normal(size=shape), 0, 100
            )
            for name in ("tickets", "sponsor")
        }
        self.silent = np.zeros(shape, dtype=bool)
        self.ids = [f"acc{n:05}" for n in range(self.accounts)]

    def day(self, n: int) -> date:
        """The n-th evaluated day."""
        return self.first + timedelta(days=WARM_UP + n)

    def out(self, first: int, last: int, accounts: np.ndarray) -> None:
        """Nothing of `accounts` arrives on evaluated days `first` to `last`."""
        self.silent[WARM_UP + first : WARM_UP + last + 1, accounts] = True

    def fall(self, first: int, accounts: np.ndarray, to: float) -> None:
        """The use of `accounts` really falls to `to` of what it was, for good."""
        self.factor[WARM_UP + first :, accounts] *= to

    @cached_property
    def use(self) -> np.ndarray:
        """What arrives: use by day and account, on its level 1 = usual."""
        seen = np.maximum(0, self.factor * (1 + self.noise))
        return np.where(self.silent, 0.0, seen)

    def signals(self) -> Iterator[tuple[date, pl.DataFrame]]:
        """`RESULT_TABLES["signals"]` of each evaluated day."""
        use = self.use
        sums = np.vstack([np.zeros(self.accounts), np.cumsum(use, axis=0)])
        for n in range(self.days):
            at = WARM_UP + n + 1
            subscores = {
                name: subscore((sums[at] - sums[at - width]) / width)
                for name, width in WINDOWS.items()
            }
            subscores |= {name: values[at - 1] for name, values in self.other.items()}
            yield self.day(n), _frame(self.day(n), self.ids, subscores)

    def recent(self, n: int) -> np.ndarray:
        """Use of the week that ends on the n-th day, 1 = as ever."""
        at = WARM_UP + n + 1
        return self.use[at - 7 : at].mean(axis=0)

    def windows(self, n: int) -> pl.DataFrame:
        """`account_id`, `observed_on`, `active_mask_0` of the n-th day."""
        at = WARM_UP + n
        active = (self.use[at - 62 : at + 1] > 0)[::-1]
        bits = (active.astype(np.int64) << np.arange(63, dtype=np.int64)[:, None]).sum(axis=0)
        return pl.DataFrame({"account_id": self.ids, "active_mask_0": bits}).with_columns(
            observed_on=pl.lit(self.day(n))
        )


def subscore(ratio: np.ndarray) -> np.ndarray:
    """Knots .2/.5/.75/1.0 → 0/60/80/100."""
    return np.interp(ratio, [0.2, 0.5, 0.75, 1.0], [0, 60, 80, 100])


def _frame(day: date, ids: list[str], subscores: dict[str, np.ndarray]) -> pl.DataFrame:
    table = RESULT_TABLES["signals"]
    parts = [
        pl.DataFrame({"account_id": ids, "subscore": values, "value": values}).with_columns(
            signal=pl.lit(name),
            date=pl.lit(day),
            status=pl.lit("measured"),
            observed_on=pl.lit(day),
        )
        for name, values in subscores.items()
    ]
    rows = pl.concat(parts)
    missing = [
        pl.lit(None, dtype).alias(c) for c, dtype in table.columns.items() if c not in rows.columns
    ]
    return table.conform(rows.with_columns(missing))


@dataclass
class Run:
    """Evaluations of one day after the other, and what they remember."""

    world: Population
    rules: AlertRules = RULES
    alerts: dict[str, InForce] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    at_risk: list[set[str]] = field(default_factory=list)

    def all(self) -> Run:
        """Evaluate every day."""
        states = RESULT_TABLES["driver_states"].empty()
        history: list[pl.DataFrame] = [pl.DataFrame(schema=COUNTED)]
        for n, (day, signals) in enumerate(self.world.signals()):
            states, changes = driver_states(signals, SPECS, states, self.rules, "v1")
            news = self.news(n, day, changes, states, pl.concat(history[-28:]), min(n, 28))
            outcome = evaluate_day(news, self.memory(day), self.rules, frozenset({"console"}))
            self.alerts |= {one.row.alert_id: one for one in outcome.alerts}
            self.incidents |= {one.incident_id: one for one in outcome.incidents}
            self.outcomes.append(outcome)
            self.at_risk.append(set(states.filter(pl.col("held_state") == "risk")["account_id"]))
            history.append(counted(changes))
        return self

    def memory(self, day: date) -> Memory:
        """As control.db gives it."""
        alerts = [one for one in self.alerts.values() if one.is_in_force or one.day == day]
        held = [
            one
            for one in self.alerts.values()
            if one.status == "suppressed"
            and one.day < day
            and str(one.row.suppressed_by).startswith(OUTAGE)
        ]
        known = tuple(self.incidents.values())
        late = () if echoes(known, day, self.rules.gates) else tuple(held)
        return Memory(tuple(alerts), known, held=late)

    def news(
        self,
        n: int,
        day: date,
        changes: pl.DataFrame,
        states: pl.DataFrame,
        history: pl.DataFrame,
        days: int,
    ) -> News:
        """What is published of the day."""
        usage = volume(self.world.windows(n), day, self.rules.gates)
        outages = (Outage("usage", "usage", usage.lost, day, "volume"),) if usage.is_out else ()
        people = pl.DataFrame({"account_id": self.world.ids}).with_columns(
            pl.lit(None, dtype).alias(name)
            for name, dtype in PEOPLE.items()
            if name != "account_id"
        )
        everyone = frozenset(self.world.ids)
        return News(
            day=day,
            now=datetime.combine(day + timedelta(days=1), time(6), tzinfo=UTC),
            changes=changes,
            people=people.select(list(PEOPLE)),
            reasons=RESULT_TABLES["reason_codes"].empty(),
            plays=RESULT_TABLES["plays"].empty(),
            beside=Beside(),
            reads=READS,
            outages=outages,
            fresh={"usage": usage.fresh, "tickets": everyone, "engagements": everyone},
            history=history,
            history_days=days,
            states=states.select("account_id", "signal", "state"),
        )

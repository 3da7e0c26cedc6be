"""Those who use the product, as arrays, and what moves each account's usage from day to day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from health_pipeline.adapters.sample.health import walks
from health_pipeline.adapters.sample.life import Life
from health_pipeline.adapters.sample.people import Person
from health_pipeline.adapters.sample.window import Floats, Ints, Window, stream

FEATURES = (
    "dashboards",
    "reports",
    "workflows",
    "automations",
    "integrations",
    "api",
    "exports",
    "admin",
    "sso",
    "alerts",
)
EVENT_NAMES = (
    "dashboard_viewed",
    "report_built",
    "workflow_run",
    "automation_triggered",
    "integration_synced",
    "api_called",
    "export_downloaded",
    "settings_changed",
    "sso_login",
    "alert_acknowledged",
    "login",
)
LOGIN = len(FEATURES)  # an event without a feature
CORE = (2, 3)
TASTES = np.array([5.0, 2.5, 4.0, 2.5, 1.5, 0.8, 0.8, 0.3, 0.7, 0.9, 1.5])
ENTERPRISE_ONLY, NOT_STARTER = 8, 5  # places of sso and api
FROM_THE_START = [0, 2, 7, LOGIN]
OFFICE_OPENS = {"AMER": 14, "EMEA": 7, "APAC": 0}  # hour UTC


@dataclass(frozen=True, slots=True)
class Workforce:
    """All users of all accounts as arrays, in order of account, and what steers their days.

    Attributes:
        account, eagerness, first, last: by user: number of the account, see `Person`, ordinals
            of the first day and of the day after the last.
        opens: by account, hour UTC at which the office opens.
        adopted: account × event kind, the first day (index) on which the account uses it.
        tastes: account × event kind, relative frequency.
        usage: account × day, log-odds added to every user's eagerness.
        depth: account × day, log of how much more an active user does, core features above all.
    """

    window: Window
    people: list[Person]
    account: Ints
    eagerness: Floats
    first: Ints
    last: Ints
    opens: Ints
    adopted: Ints
    tastes: Floats
    usage: Floats
    depth: Floats

    @property
    def user_ids(self) -> pl.Series:
        """Ids by user index."""
        return pl.Series([p.user_id for p in self.people])


def _adoption(seed: int, window: Window, lives: list[Life]) -> tuple[Ints, Floats]:
    """First day and relative taste of each event kind for each account.

    Healthier accounts take up more features; plans limit some.
    """
    first = np.zeros((len(lives), len(EVENT_NAMES)), dtype=np.int64)
    tastes = np.zeros((len(lives), len(EVENT_NAMES)))
    never = window.n_days + 1
    for n, life in enumerate(lives):
        rng = stream(seed, "adoption", n)
        u, wait, spread = rng.random(11), rng.exponential(40, 11), rng.lognormal(0, 0.5, 11)
        start = (life.account.started_on - window.origin).days
        keen = 0.55 + 0.16 * life.account.mood
        first[n] = np.where(u < keen, start + wait, start + 150 + wait * 12).astype(np.int64)
        first[n, FROM_THE_START] = start
        if life.account.plan != "Enterprise":
            first[n, ENTERPRISE_ONLY] = never
        if life.account.plan == "Starter":
            first[n, NOT_STARTER] = never
        tastes[n] = TASTES * spread
    return first, tastes


def workforce(
    seed: int, window: Window, lives: list[Life], people: list[Person], health: Floats
) -> Workforce:
    """Gather the users of `lives` (in order of account) for the draws of `month_events`."""
    busy = 0.5 * walks(seed, "usage noise", window, len(lives))  # means nothing
    style = 0.4 * walks(seed, "depth noise", window, len(lives))  # nor does this
    bias = np.array([life.account.usage_bias for life in lives])[:, None]
    starts = np.array([(life.account.started_on - window.origin).days for life in lives])
    settling = np.clip((np.arange(window.n_days)[None, :] - starts[:, None]) / 60.0, 0.0, 1.0)
    first, tastes = _adoption(seed, window, lives)
    ended = [life.churned_on or date.max for life in lives]
    return Workforce(
        window=window,
        people=people,
        account=np.array([p.account for p in people], dtype=np.int64),
        eagerness=np.array([p.eagerness for p in people]),
        first=np.array([p.created_on.toordinal() for p in people], dtype=np.int64),
        last=np.array(
            [min(p.deactivated_on or date.max, ended[p.account]).toordinal() for p in people],
            dtype=np.int64,
        ),
        opens=np.array([OFFICE_OPENS[life.account.region] for life in lives], dtype=np.int64),
        adopted=first,
        tastes=tastes,
        usage=0.8 * health + bias + busy - 0.9 * (1.0 - settling),
        depth=0.22 * health + style,
    )

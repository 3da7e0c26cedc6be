"""Which days a run computes: those asked for, those that follow from them, those that it leaves."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version

from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.backfills import Backfill
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.publish import INTERNAL_DAILY, INTERNAL_STATE
from health_pipeline.orchestration.window import Window, is_backfill, restates, window_of

FINAL_TABLE = "crm_fields"
"""A day is published when the last daily table of the chain is published for it."""

SCORES = "health_scores"
RESOLVED = ("account_xref", "user_xref")


@dataclass(frozen=True, slots=True)
class Plan:
    """The days of a run.

    Attributes:
        window: the range that was asked for.
        days: those of it that are computed.
        left: those of it that are published, which only a backfill with `restate` touches.
        later: published days after the range; they are scored again, because held tiers, driver
            states and plays depend on the day before.
        backfill: what its progress is noted under; None for a run that is no backfill.
    """

    window: Window
    days: tuple[date, ...]
    left: tuple[date, ...]
    later: tuple[date, ...]
    backfill: Backfill | None

    @property
    def fills_only(self) -> bool:
        """Published days, before and after, stay as they are."""
        return self.backfill is not None and not self.backfill.restate


def plan_of(stores: Stores, tags: Mapping[str, str]) -> Plan:
    """What a run with these tags has to do, by what is published now."""
    window = window_of(tags)
    backfill = None
    if is_backfill(tags):
        backfill = Backfill(window.first, window.last, restates(tags))
    if backfill and not backfill.restate:
        done = set(stores.lake.days(FINAL_TABLE))
        left = tuple(day for day in window.days if day in done)
        days = tuple(day for day in window.days if day not in done)
        return Plan(window, days, left, (), backfill)
    later = tuple(day for day in stores.lake.days(SCORES) if day > window.last)
    return Plan(window, tuple(window.days), (), later, backfill)


def landing_window(stores: Stores, tags: Mapping[str, str]) -> Window:
    """The days for which a run lands what is new.

    A backfill of old days lands new files as the next daily run would: they are known from the day
    after the last published one on, and change nothing before it.
    """
    window, published = window_of(tags), stores.lake.days(FINAL_TABLE)
    if not is_backfill(tags) or not published or published[-1] < window.first:
        return window
    following = published[-1] + timedelta(days=1)
    return Window(following, following)


def inputs_of(stores: Stores, through: date, *, scored: bool) -> str:
    """Digest of everything that the daily steps compute from, up to `through`.

    Args:
        stores: the lake with landed tables, identity and activity.
        through: later partitions do not count.
        scored: the step depends on the baseline too.
    """
    counted = {*RESOLVED, "baselines"} if scored else set(RESOLVED)
    digest = hashlib.sha256(f"{version('health-pipeline')}\n{stores.model.fingerprint()}".encode())
    for entry in manifest.entries(stores.control):
        computed = (*RESULT_TABLES, *INTERNAL_DAILY, *INTERNAL_STATE)
        ours = entry.table not in computed
        if (ours or entry.table in counted) and entry.partition <= through.isoformat():
            digest.update(f"\n{entry.table} {entry.partition} {entry.digest}".encode())
    return digest.hexdigest()[:32]

"""History under the identity of now: a run that restates all of it rolls activity up anew."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.activity.first_active import first_active
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.orchestration.activity import ROLLED_UP
from health_pipeline.orchestration.claims import CARRIED, COLUMNS
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import resolve_and_register
from health_pipeline.orchestration.identity_history import (
    MOVED,
    MOVED_SCHEMA,
    MOVES,
    MOVES_SCHEMA,
    SCORES,
    to_restate,
)
from health_pipeline.orchestration.landed import EVENTS, landing_name
from health_pipeline.orchestration.window import is_backfill, restates, window_of

FIRST = "first_active"


def resolve_for_run(stores: Stores, run_id: str, tags: Mapping[str, str]) -> Identity:
    """Resolve and register; where the run restates all history, also what merges and splits moved.

    Activity is stored under the account of the day on which it was rolled up, so that part of it
    stands under ids that mean something else now; the roll-up begins with the first event again.
    """
    found = resolve_and_register(stores, run_id, window_of(tags).first)
    if writes := _first_active(stores, found):
        stores.lake.publish(writes, run_id=run_id, at=House.now())
    if to_restate(stores) and _restates_all(stores, tags):
        settled = {MOVED: MOVED_SCHEMA, MOVES: MOVES_SCHEMA}
        writes = [Write(name, None, pl.DataFrame(schema=one)) for name, one in settled.items()]
        writes += _roll_up_anew(stores)
        stores.lake.publish(writes, run_id=run_id, at=House.now())
    return found


def _first_active(stores: Stores, found: Identity) -> list[Write]:
    """Since when accounts are active, under the ids that merges left: an alias is no account."""
    stored = stores.lake.frame(FIRST)
    merged = found.aliases.rename({"alias": "account_id", "account_id": "now"})
    if stored is None or stored.join(merged, on="account_id", how="semi").is_empty():
        return []
    known = stored.join(merged, on="account_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("now", "account_id").alias("account_id")
    )
    whole = first_active(pl.DataFrame(schema=ACTIVITY), known.select(stored.columns))
    return [Write(FIRST, None, whole.sort("account_id", "known_on"))]


def _restates_all(stores: Stores, tags: Mapping[str, str]) -> bool:
    """Whether a run with these tags computes every published day anew."""
    days, window = stores.lake.days(SCORES), window_of(tags)
    if is_backfill(tags) and not restates(tags):
        return False
    return bool(days) and window.first <= days[0] and window.last >= days[-1]


def _roll_up_anew(stores: Stores) -> list[Write]:
    days, given = (
        stores.lake.days(landing_name(EVENTS))[:1],
        stores.lake.frame(landing_name("usage_daily")),
    )
    if given is not None and given.height:
        days.append(given["day"].min())  # type: ignore[arg-type]
    if not days or stores.lake.frame(ROLLED_UP) is None:
        return []
    return [
        Write(ROLLED_UP, None, pl.DataFrame({"through": [min(days) - timedelta(days=1)]})),
        # All of it anew: each link counts on its own day.
        Write(CARRIED, None, pl.DataFrame(schema=COLUMNS)),
    ]

"""Since when an account is seen, against the rule told row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random

import polars as pl
import pytest

from health_pipeline.core.identity.seen import Shown, first_seen, used_since
from health_pipeline.core.schemas.time import KNOWN_SINCE_EVER

DAY = date(2026, 1, 1)


def world(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Subscriptions, some planned and some without a date, and first active days."""
    chance = Random(seed)
    day = lambda: DAY + timedelta(days=chance.randrange(12))  # noqa: E731 - one word of the table
    known = [
        KNOWN_SINCE_EVER if chance.random() < 0.2 else datetime.combine(day(), time(9), UTC)
        for _ in range(60)
    ]
    rows = {
        "account_id": [f"acc_{chance.randrange(9)}" for _ in known],
        "known_at": known,
        "starts_on": [None if chance.random() < 0.3 else day() for _ in known],
    }
    schema = {"account_id": pl.String, "known_at": pl.Datetime("us", "UTC"), "starts_on": pl.Date}
    active = {"account_id": ["acc_1", "acc_new"], "first_active_on": [day(), day()]}
    return pl.DataFrame(rows, schema=schema), pl.DataFrame(active)


def told(subscriptions: pl.DataFrame, active: pl.DataFrame) -> list[tuple[str, date, date | None]]:
    """The same, row by row: ever earlier first days, each with the day it became known."""
    facts = [(account, day, day) for account, day in active.iter_rows()]
    for account, known_at, starts_on in subscriptions.iter_rows():
        own = [starts_on, None if known_at <= KNOWN_SINCE_EVER else known_at.date()]
        first = min((one for one in own if one), default=None)
        facts.append((account, max(known_at.date(), first or date.min), first))
    found: list[tuple[str, date, date | None]] = []
    for account, known_on, first in sorted(facts, key=lambda f: (f[0], f[1], f[2] or date.max)):
        last = found[-1] if found and found[-1][0] == account else None
        if last is None or (first is not None and (last[2] is None or first < last[2])):
            found.append((account, known_on, first))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_first_seen_is_what_the_rule_says(seed):
    subscriptions, active = world(seed)
    found = first_seen({"subscriptions": subscriptions}, active)
    assert found.columns == ["account_id", "known_on", "first_seen_on"]
    assert found.rows() == told(subscriptions, active)
    shuffled = subscriptions.sample(fraction=1, shuffle=True, seed=seed)
    assert first_seen({"subscriptions": shuffled}, active).equals(found)


@pytest.mark.parametrize("seed", range(30))
def test_what_was_kept_of_rows_and_of_use_is_together_what_both_say(seed):
    subscriptions, active = world(seed)
    users = subscriptions.rename({"starts_on": "created_at"}).reverse()
    tables = {"subscriptions": subscriptions, "users": users}
    kept = [Shown.of({name: rows}) for name, rows in tables.items()]
    found = Shown.together([*kept, Shown.by_use(active)])
    assert found.seen.equals(first_seen(tables, active))
    used = found.used.sort("account_id")
    assert used.equals(used_since(tables, active).sort("account_id"))


def test_nobody_is_seen_where_there_is_nothing():
    subscriptions, active = world(0)
    assert first_seen({"subscriptions": subscriptions.clear()}, active.clear()).is_empty()

"""Raw product events, drawn month by month, and the daily aggregates of the few without events.

A user works on a day with a probability made of eagerness, the account's health, its habits, a
noise that means nothing, the weekday and the holidays. Health also decides how many events a day
brings and how many of them reach the core features.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from health_pipeline.adapters.sample.window import (
    Floats,
    Ints,
    at,
    expit,
    month_key,
    rhythm,
    stream,
)
from health_pipeline.adapters.sample.workforce import CORE, EVENT_NAMES, FEATURES, Workforce
from health_pipeline.core.schemas.columns import TIMESTAMP

DUPLICATES = 0.01


def _draws(seed: int, force: Workforce, days: list[date]) -> Floats:
    """A uniform number for each user and day, from the stream of the account and month.

    A user who joins an account later moves nobody else's numbers.
    """
    sizes = np.bincount(force.account)
    month = month_key(days[0])
    parts = [stream(seed, "active", n, month).random((size, 31)) for n, size in enumerate(sizes)]
    return np.concatenate(parts)[:, : len(days)]


def _active(seed: int, force: Workforce, days: list[date]) -> tuple[Ints, Ints]:
    """Which users work on which of `days`: user indices and places in `days`, in user order."""
    first = force.window.index(days[0])
    logits = force.eagerness[:, None] + force.usage[force.account, first : first + len(days)]
    odds = expit(logits) * rhythm(days)[None, :]
    ordinals = np.array([day.toordinal() for day in days])
    present = (force.first[:, None] <= ordinals) & (ordinals < force.last[:, None])
    delivered = ~np.isin(ordinals, [day.toordinal() for day in force.window.product_gaps])
    works = (_draws(seed, force, days) < odds) & present & delivered
    users, places = np.nonzero(works)
    return users.astype(np.int64), places.astype(np.int64)


def _kinds(
    rng: np.random.Generator, force: Workforce, account: Ints, day: Ints, depth: Floats
) -> Ints:
    """Which kind of event each event is."""
    weights = force.tastes[account]
    weights[:, list(CORE)] *= np.exp(depth)[:, None]
    weights[force.adopted[account] > day[:, None]] = 0.0
    bounds = weights.cumsum(axis=1)
    u = rng.random(len(account)) * bounds[:, -1]
    return np.asarray((bounds <= u[:, None]).sum(axis=1), dtype=np.int64)


def month_events(seed: int, force: Workforce, days: list[date]) -> pl.DataFrame:
    """All events that occur on `days` (one month), duplicates included, as the contract has them.

    Adds `account` (number of the true account). Not cut at the end of the world.
    """
    users, places = _active(seed, force, days)
    rng = stream(seed, "events", month_key(days[0]))
    path_day = force.window.index(days[0]) + places
    depth = force.depth[force.account[users], path_day]
    counts = 1 + rng.poisson(2.3 * np.exp(0.5 * depth))
    user, place, day = (np.repeat(x, counts) for x in (users, places, path_day))
    account = force.account[user]
    kind = _kinds(rng, force, account, day, np.repeat(depth, counts))
    second = (force.opens[account] * 3600 + rng.beta(2.2, 2.2, len(user)) * 10 * 3600) % 86400
    midnight = int(at(days[0]).timestamp())
    occurred = midnight + place * 86400 + second.astype(np.int64)
    table = _assemble(rng, force, days[0], user, kind, occurred)
    return _with_copies(rng, table)


def _delays(rng: np.random.Generator, n: int) -> Ints:
    """Seconds from an event to its arrival: minutes as a rule, days for two in a hundred."""
    minutes = rng.lognormal(np.log(180), 0.8, n)
    days = rng.exponential(1.4 * 86400, n)
    return np.where(rng.random(n) < 0.02, days, minutes).astype(np.int64) + 1


def _moments(seconds: Ints) -> pl.Series:
    """UTC timestamps of Unix seconds."""
    return pl.from_epoch(pl.Series(seconds), time_unit="s").cast(TIMESTAMP)


def _assemble(
    rng: np.random.Generator, force: Workforce, month: date, user: Ints, kind: Ints, occurred: Ints
) -> pl.DataFrame:
    n = len(user)
    received = occurred + _delays(rng, n)
    by_machine = np.isin(kind, (4, 5)) & (rng.random(n) < 0.25)
    quantity = np.where(np.isin(kind, (5, 6)), 1 + rng.poisson(2.0, n), 1).astype(np.float64)
    ids = f"ev{month:%y%m}-" + pl.int_range(n, eager=True).cast(pl.String).str.zfill(7)
    linked = pl.Series([f"ws_{p.account:04d}" if p.is_linked else None for p in force.people])
    names, features = pl.Series(EVENT_NAMES), pl.Series([*FEATURES, None])
    return (
        pl.DataFrame(
            {
                "source": pl.repeat("product", n, eager=True),
                "event_id": ids,
                "occurred_at": _moments(occurred),
                "source_user_id": force.user_ids.gather(user),
                "source_account_id": linked.gather(user),
                "event_name": names.gather(kind),
                "feature": features.gather(kind),
                "quantity": quantity,
                "received_at": _moments(received),
                "account": force.account[user],
                "by_machine": by_machine,
            }
        )
        .with_columns(
            pl.when(~pl.col("by_machine") | pl.col("source_account_id").is_null())
            .then(pl.col("source_user_id"))
            .alias("source_user_id")
        )
        .drop("by_machine")
    )


def _with_copies(rng: np.random.Generator, events: pl.DataFrame) -> pl.DataFrame:
    """One event in a hundred arrives twice, the copy up to three days later."""
    n = len(events)
    again = np.nonzero(rng.random(n) < DUPLICATES)[0]
    late = (rng.random(len(again)) ** 4 * 3 * 86400).astype(np.int64) + 5
    copies = events[again].with_columns(
        pl.col("received_at") + pl.Series(late * 1_000_000).cast(pl.Duration("us"))
    )
    return pl.concat([events, copies])

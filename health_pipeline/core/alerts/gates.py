"""The gates before any alert: is it the customers, or our own data (R92)?

A known outage of a source suppresses what its drivers say of the accounts concerned. Otherwise a
breaker for each driver and direction trips when too much changes on one day; what it holds back is
told as one group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from health_pipeline.core.alerts.params import Gates

USAGE = "usage"
"""What falls silent where a source sends no events, or no usage object."""

USAGE_TABLES = ("events", "usage_daily")
OUTAGE, BREAKER, INHIBITED = "outage:", "breaker:", "inhibited:"
TIER = "tier"
"""Stands for the fall of an account to Red where drivers have their signal."""

NOTICE = "cancellation_notice"
"""Stands likewise for a notice of cancellation, a fact that no gate holds back."""

COUNTED: dict[str, pl.DataType] = {
    "date": pl.Date(),
    "signal": pl.String(),
    "direction": pl.String(),
    "changes": pl.Int64(),
}
"""Changes for the worse a day, driver and direction (`risk`, `unknown`; `red` for tiers)."""


def rests_on(reads: Iterable[str]) -> tuple[str, ...]:
    """The names in `outages` of the tables that a signal reads: `usage` stands for events."""
    return tuple(dict.fromkeys(USAGE if name in USAGE_TABLES else name for name in reads))


@dataclass(frozen=True, slots=True)
class Outage:
    """A source that is known to be out.

    Attributes:
        source: its name. feed: its table, or `usage`. accounts: whom it concerns.
        since: first day. why: freshness or volume, in words with figures.
    """

    source: str
    feed: str
    accounts: frozenset[str]
    since: date
    why: str


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """A group alert that lasts: its driver and accounts, and whether falls to Red join it too."""

    driver: str
    accounts: frozenset[str]
    tiers: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that tripped: `changes` on one day against `limit`."""

    signal: str
    direction: str
    changes: int
    limit: float


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gates decided.

    Attributes:
        changes: the transitions with `gate` (null, `outage:SOURCE`, `breaker:DRIVER`) and `feed`,
            the source table that a tripped driver reads first, null elsewhere.
        trips: the breakers that tripped.
    """

    changes: pl.DataFrame
    trips: tuple[Trip, ...]


def counted(transitions: pl.DataFrame) -> pl.DataFrame:
    """`COUNTED` of `transitions`: losses of measurement, and entries into risk that are news."""
    bad = pl.col("to_state").is_in(["risk", "red"]) & ~pl.col("silent")
    worse = (pl.col("to_state") == "unknown") | bad
    return (
        transitions.filter(worse)
        .group_by("date", "signal", pl.col("to_state").alias("direction"))
        .agg(pl.len().cast(pl.Int64).alias("changes"))
        .select(list(COUNTED))
        .sort("date", "signal", "direction")
    )


def limit(before: Iterable[int], accounts: int, rules: Gates) -> float:
    """Above how many changes on one day a breaker trips.

    Args:
        before: changes of each earlier day, days without any as 0.
        accounts: in the population.
        rules: `least`, `share`, `roots`.
    """
    days = sorted(before)
    half = len(days) // 2
    median = 0.0 if not days else (days[half] + days[~half]) / 2
    usual = median + rules.roots * math.sqrt(median + 1)
    return max(float(rules.least), rules.share * accounts, usual)


def trips(
    today: pl.DataFrame, history: pl.DataFrame, days: int, accounts: int, rules: Gates
) -> tuple[Trip, ...]:
    """The breakers that trip.

    Args:
        today: `COUNTED` of the day.
        history: `COUNTED` of the days before, `days` of which were published.
        days: see `history`.
        accounts: in the population.
        rules: see `limit`.
    """
    past: dict[tuple[str, str], list[int]] = {}
    for _, signal, direction, changes in history.iter_rows():
        past.setdefault((signal, direction), []).append(changes)
    found = []
    for _, signal, direction, changes in today.sort("signal", "direction").iter_rows():
        before = past.get((signal, direction), [])
        bound = limit(before + [0] * max(0, days - len(before)), accounts, rules)
        if changes > bound:
            found.append(Trip(signal, direction, changes, bound))
    return tuple(found)


def gated(
    changes: pl.DataFrame,
    reads: Mapping[str, tuple[str, ...]],
    outages: Iterable[Outage],
    history: pl.DataFrame,
    days: int,
    accounts: int,
    rules: Gates,
    open_groups: Mapping[str, OpenGroup] | None = None,
) -> Gated:
    """Each change with the gate that holds it back, if any.

    Args:
        changes: transitions of the day, falls to Red among them with the signal `TIER`.
        reads: signal → the source tables that it reads, `usage` for events; the main one first.
        outages: known ones, and those that ended less than `echo_days` ago.
        history: see `trips`.
        days: see `trips`.
        accounts: see `trips`.
        rules: see `limit`.
        open_groups: feed → the group alert of days before that lasts.
    """
    rows = _with_outages(changes, reads, outages)
    free = rows.filter(pl.col("gate").is_null())
    falls = pl.col("signal") == TIER
    drivers = trips(counted(free.filter(~falls)), history, days, accounts, rules)
    members = _members(free, drivers, reads, open_groups or {})
    # A fall to Red with a driver of a group is no news of its own.
    alone = free.filter(falls).join(members.filter("tiers"), on="account_id", how="anti")
    tiers = trips(counted(alone), history, days, accounts, rules)
    members = pl.concat([members, _members(alone, tiers, reads, {})])
    held = free.select("transition_id", "account_id", "signal").join(
        members, on="account_id", how="inner"
    )
    pairs = [(signal, feed) for signal, feeds in reads.items() for feed in feeds]
    known = pl.DataFrame(pairs, schema={"signal": pl.String, "feed": pl.String}, orient="row")
    driven = held.join(known, on=["signal", "feed"], how="semi")
    own = pl.concat([driven, held.filter(falls & pl.col("tiers"))])
    named = own.sort("transition_id", "feed", "driver").unique(
        "transition_id", keep="first", maintain_order=True
    )
    rows = rows.join(
        named.select("transition_id", "feed", "driver"),
        on="transition_id",
        how="left",
        maintain_order="left",
    )
    by_breaker = pl.col("gate").is_null() & pl.col("driver").is_not_null()
    rows = rows.with_columns(
        gate=pl.when(by_breaker)
        .then(pl.format(f"{BREAKER}{{}}", "driver"))
        .otherwise(pl.col("gate")),
        feed=pl.when(by_breaker).then(pl.col("feed")),
    )
    return Gated(rows.drop("driver"), (*drivers, *tiers))


def _members(
    free: pl.DataFrame,
    tripped: tuple[Trip, ...],
    reads: Mapping[str, tuple[str, ...]],
    open_groups: Mapping[str, OpenGroup],
) -> pl.DataFrame:
    """`account_id`, `feed`, `driver`: who is in which group, and by which driver."""
    schema = {"account_id": pl.String, "feed": pl.String, "driver": pl.String, "rank": pl.Int32}
    schema |= {"tiers": pl.Boolean}
    parts = [pl.DataFrame(schema=schema)]
    for trip in tripped:
        way = (pl.col("signal") == trip.signal) & (pl.col("to_state") == trip.direction)
        rows = free.filter(way & (~pl.col("silent") | (pl.col("to_state") == "unknown")))
        parts.append(
            rows.select(
                "account_id",
                pl.lit((reads.get(trip.signal) or (trip.signal,))[0]).alias("feed"),
                pl.lit(trip.signal).alias("driver"),
                pl.lit(0, pl.Int32).alias("rank"),
                pl.lit(value=True).alias("tiers"),
            )
        )
    for feed, group in open_groups.items():
        ids = pl.Series("account_id", sorted(group.accounts), dtype=pl.String).to_frame()
        parts.append(
            ids.with_columns(
                pl.lit(feed).alias("feed"),
                pl.lit(group.driver).alias("driver"),
                pl.lit(1, pl.Int32).alias("rank"),
                pl.lit(group.tiers).alias("tiers"),
            )
        )
    # Today's breakers first, so that an evaluation that is made again names the same one.
    return (
        pl.concat(parts)
        .sort("account_id", "feed", "rank", "driver")
        .unique(["account_id", "feed"], keep="first", maintain_order=True)
        .drop("rank")
    )


def _with_outages(
    changes: pl.DataFrame, reads: Mapping[str, tuple[str, ...]], outages: Iterable[Outage]
) -> pl.DataFrame:
    """`changes` with `gate` where a source that a driver reads is out for its account."""
    rows = changes.with_columns(gate=pl.lit(None, dtype=pl.String))
    for outage in outages:
        drivers = [name for name, feeds in reads.items() if outage.feed in feeds]
        concerned = pl.col("signal").is_in([*drivers, TIER]) & pl.col("account_id").is_in(
            sorted(outage.accounts)
        )
        named = pl.when(concerned).then(pl.lit(f"{OUTAGE}{outage.source}"))
        rows = rows.with_columns(gate=pl.coalesce("gate", named))
    return rows

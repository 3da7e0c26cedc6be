"""`python -m health_pipeline_tests.bench.rollup EVENTS REPETITIONS`: the two event-scale steps.

Each in turns with the plain scan of what it reads, in this process; prints JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from health_pipeline.adapters.engines.duckdb import THREADS, roll_up
from health_pipeline.config.loader import load_model
from health_pipeline.core.activity.windows import windows
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.bench.measure import Spent, clock, in_turns

DAY = date(2025, 6, 30)
START = datetime(2025, 6, 30, tzinfo=UTC)
EVENTS_A_USER = 20
USERS_AN_ACCOUNT = 50
EVERY_NTH_TWICE = 33
"""About three events of a hundred are delivered twice."""

NEEDED = ("event_id", "source_user_id", "feature", "occurred_at")
WINDOW_DAYS = 90


def random(rows: int, limit: int, seed: int) -> pl.Expr:
    """`rows` whole numbers from 0 to `limit` − 1 in no order, the same on every call."""
    return (pl.int_range(rows).hash(seed) % limit).cast(pl.Int64)


def events(rows: int) -> pl.DataFrame:
    """A day of landed events, `rows` different ones and their copies, in no order."""
    names = pl.Series([feature.name for feature in load_model(None).activity.features])
    users = max(rows // EVENTS_A_USER, 1)
    user = random(rows, users, 2)
    seconds = random(rows, 86_400, 3)
    once = pl.select(
        pl.lit("product").alias("source"),
        pl.format("{}-{}", pl.int_range(rows).hash(1), pl.int_range(rows)).alias("event_id"),
        (pl.lit(START) + pl.duration(seconds=seconds)).alias("occurred_at"),
        (pl.lit(START) + pl.duration(seconds=seconds)).alias("known_at"),
        pl.format("user-{}", user).alias("source_user_id"),
        pl.format("account-{}", user // USERS_AN_ACCOUNT).alias("source_account_id"),
        pl.lit("used").alias("event_name"),
        pl.lit(names).gather(random(rows, len(names), 4)).alias("feature"),
    )
    again = once.gather_every(EVERY_NTH_TWICE)
    return pl.concat([once, again]).sort("source_user_id", pl.col("event_id").hash(5))


def links(landed: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`Identity.user_links` and `account_xref` of everybody in `landed`, linked since long ago."""
    since = pl.lit(START - timedelta(days=365)).alias("linked_at")
    account = pl.col("source_account_id").str.replace("account", "acc").alias("account_id")
    user = pl.col("source_user_id").str.replace("user", "usr").alias("user_id")
    known = landed.with_columns(
        account,
        user,
        since,
        pl.lit("anchor").alias("rule"),
        pl.lit("").alias("evidence"),
        pl.lit(1.0).alias("confidence"),
    )
    xref = RESULT_TABLES["account_xref"]
    return (
        known.select(*LINK_COLUMNS).unique(["source", "source_user_id"]),
        known.select(*xref.columns).unique(list(xref.key)),
    )


def activity(users: int) -> pl.DataFrame:
    """90 days of user-days: each user is active on two days of five."""
    rows = users * WINDOW_DAYS
    user = pl.int_range(rows) // WINDOW_DAYS
    day = pl.lit(DAY) - pl.duration(days=pl.int_range(rows) % WINDOW_DAYS)
    return (
        pl.select(
            pl.format("acc-{}", user // USERS_AN_ACCOUNT).alias("account_id"),
            pl.format("usr-{}", user).alias("user_id"),
            day.cast(pl.Date).alias("day"),
            day.cast(pl.Date).alias("known_on"),
            (random(rows, 40, 6) + 1).alias("events"),
            random(rows, 5, 7).alias("core_events"),
            random(rows, 1024, 8).alias("features"),
            random(rows, 5, 9).alias("chance"),
        )
        .filter(pl.col("chance") < 2)
        .select(*ACTIVITY)
    )


def timed(work: Callable[[], Any]) -> Callable[[], Spent]:
    """`work` as something that tells what it took."""

    def spend() -> Spent:
        found: list[Spent] = []
        with clock(found.append):
            work()
        return found[0]

    return spend


def scan(path: Path, columns: tuple[str, ...]) -> Callable[[], Spent]:
    """DuckDB reads every value of `columns`, on as many threads as the roll-up."""
    values = ", ".join(f"max({name})" for name in columns)
    query = f"SELECT {values} FROM read_parquet(?)"  # noqa: S608 - our own names

    def read() -> None:
        with duckdb.connect(config={"threads": THREADS}) as connection:
            connection.sql(query, params=[str(path)]).fetchall()

    return timed(read)


def measured(rows: int, times: int, folder: Path) -> dict[str, Any]:
    """Sizes, and medians of the roll-up, of the windows, and of the scan beside each."""
    landed, used = events(rows), activity(max(rows // 50, 1))
    landed.write_parquet(folder / "events.parquet", compression="zstd")
    used.write_parquet(folder / "activity.parquet", compression="zstd")
    rules, who = load_model(None).activity, links(landed)
    one_day = timed(
        lambda: roll_up(
            [folder / "events.parquet"],
            user_links=who[0],
            account_xref=who[1],
            rules=rules,
            known_from=DAY,
            known_to=DAY,
        )
    )
    sliding = timed(lambda: windows(pl.read_parquet(folder / "activity.parquet"), DAY, DAY))
    needed = scan(folder / "events.parquet", NEEDED)
    whole = scan(folder / "activity.parquet", tuple(ACTIVITY))
    roll, events_scan, slide, activity_scan = in_turns(times, one_day, needed, sliding, whole)
    return {
        "events": landed.height,
        "user_days": used.height,
        "roll_up": (roll.cpu, roll.wall),
        "scan_of_events": (events_scan.cpu, events_scan.wall),
        "windows": (slide.cpu, slide.wall),
        "scan_of_activity": (activity_scan.cpu, activity_scan.wall),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measured(int(sys.argv[1]), int(sys.argv[2]), Path(place))))  # noqa: T201

"""What stands beside the engine: the plain scan, pandas, and the SQL that people write.

Each gets what the engine gets: the same files, links and feature map in memory, and threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from health_pipeline.config.loader import load_model
from health_pipeline.core.activity.feature_map import feature_map
from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline_tests.bench.scale.places import ACTIVITY as TABLE
from health_pipeline_tests.bench.scale.places import Places
from health_pipeline_tests.bench.scale.sizes import LONGEST, THREADS, days_before

Work = Callable[[], Any]

NEEDED = ("event_id", "source_user_id", "feature", "occurred_at")
"""The columns of events without which no roll-up can be made."""

USER_COLUMNS = ("account_id", "user_id", "day", "known_on")
"""The columns of activity from which distinct users are counted."""

NAMED = """
SELECT account_id, user_id, day, known_on, {events} AS events, {core} AS core_events,
    bit_or(mask) AS features
FROM (
    SELECT *, CAST(occurred_at AS DATE) AS day, CAST(known_at AS DATE) AS known_on
    FROM ({source})
)
JOIN user_links USING (source, source_user_id)
LEFT JOIN feature_map ON lower(feature) = feature_map.name
GROUP BY account_id, user_id, day, known_on
"""

RANKED = """
SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY source, event_id ORDER BY known_at) AS copy
    FROM read_parquet($files)
) WHERE copy = 1
"""

DISTINCT = """
SELECT account_id, {columns}
FROM read_parquet($files)
WHERE day > $day - {longest} AND day <= $day AND known_on <= $day
GROUP BY account_id
"""


def scan(files: Sequence[Path], columns: Sequence[str]) -> Work:
    """Read every value of `columns`: the least that any work on them costs.

    DuckDB would answer `max` and `count` from the statistics of a file without reading it.
    """
    values = ", ".join(f"bit_xor(hash({name}))" for name in columns)
    query = f"SELECT {values} FROM read_parquet($files)"  # noqa: S608 - our own names

    def work() -> None:
        _query(query, files=[str(file) for file in files])

    return work


def row_number(places: Places, file: Path) -> Work:
    """The roll-up as most people write it: number the copies, keep the first, group."""
    text = NAMED.format(source=RANKED, events="count(*)", core="count(*) FILTER (WHERE is_core)")
    return _rolled_up(places, file, text)


def count_distinct(places: Places, file: Path) -> Work:
    """The other way to write it: no deduplication, every count distinct by event."""
    text = NAMED.format(
        source="SELECT * FROM read_parquet($files)",
        events="count(DISTINCT event_id)",
        core="count(DISTINCT event_id) FILTER (WHERE is_core)",
    )
    return _rolled_up(places, file, text)


def _rolled_up(places: Places, file: Path, text: str) -> Work:
    links, features = places.links()[0], feature_map(load_model(None).activity)

    def work() -> dict[str, pl.DataFrame]:
        found = _query(text, user_links=links, feature_map=features, files=[str(file)])
        return {"activity": _shaped(found)}

    return work


def pandas(places: Places, file: Path) -> Work:
    """The roll-up in pandas, with its columns chosen and people joined after grouping.

    As in the SQL, ids are unique within a source, and the copy that was known first counts,
    whatever the order of the file.
    """
    import pandas as pd
    import pyarrow as pa

    pa.set_cpu_count(THREADS)
    links = places.links()[0].select("source_user_id", "account_id", "user_id")
    people = pd.DataFrame(links.to_dict(as_series=False))
    features = feature_map(load_model(None).activity)
    masks = dict(features.select("name", "mask").iter_rows())
    core = set(features.filter("is_core")["name"])
    key = ["source_user_id", "day", "known_on"]

    def work() -> dict[str, pl.DataFrame]:
        events = pd.read_parquet(file, columns=["source", *NEEDED, "known_at"])
        events = events.sort_values("known_at").drop_duplicates(["source", "event_id"])
        events["day"] = events["occurred_at"].dt.floor("D")
        events["known_on"] = events["known_at"].dt.floor("D")
        feature = events["feature"].str.lower()
        events["mask"] = feature.map(masks).fillna(0).astype("int64")
        events["is_core"] = feature.isin(core)
        groups = events.groupby(key, sort=False)
        sums = groups.agg(events=("event_id", "size"), core_events=("is_core", "sum"))
        # Each feature has a bit of its own, so distinct bits add up to what an "or" gives.
        bits = events[[*key, "mask"]].drop_duplicates().groupby(key, sort=False)["mask"].sum()
        whole = sums.assign(features=bits).reset_index().merge(people, on="source_user_id")
        days = {name: whole[name].dt.tz_localize(None) for name in ("day", "known_on")}
        whole = whole.assign(**days)[list(ACTIVITY)].sort_values(["account_id", "user_id"])
        return {"activity": _shaped(pl.DataFrame({n: whole[n].to_numpy() for n in ACTIVITY}))}

    return work


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in ACTIVITY.items())


def distinct_users(places: Places, days: Sequence[date]) -> Work:
    """Distinct users of 7, 30 and 90 days by `count(DISTINCT …)`, one query for each of `days`."""
    columns = ", ".join(
        f"count(DISTINCT user_id) FILTER (WHERE day > $day - {n}) AS active_users_{n}d"
        for n in (7, 30, LONGEST)
    )
    text = DISTINCT.format(columns=columns, longest=LONGEST)

    def work() -> dict[str, pl.DataFrame]:
        found = {}
        for day in days:
            files = [str(file) for file in places.files(TABLE, days_before(day, LONGEST))]
            found[str(day)] = _query(text, files=files, day=day)
        return found

    return work


def _query(text: str, **given: Any) -> pl.DataFrame:
    """Rows of `text` on a connection of its own; frames are tables, the rest parameters."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in [name for name, value in given.items() if isinstance(value, pl.DataFrame)]:
            connection.register(name, given.pop(name).to_arrow())
        frame: pl.DataFrame = connection.sql(text, params=given).pl()
        return frame

"""`python -m health_pipeline_tests.bench.scale.world FOLDER SCALE`: write the generated world.

Lakes are written by the lake itself, so layout and writer settings are the product's.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.day_files import write_slices
from health_pipeline.adapters.store.lake import Lake, OnDisk, Write
from health_pipeline.core.activity.first_active import first_active
from health_pipeline.core.schemas.event_landing import EVENT_ROWS
from health_pipeline.orchestration.event_slices import UNIQUE
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.landed import LATE_EVENTS
from health_pipeline_tests.bench.scale.activity import user_days
from health_pipeline_tests.bench.scale.events import landed
from health_pipeline_tests.bench.scale.people import SOURCE, People
from health_pipeline_tests.bench.scale.places import ACTIVITY, EVENTS, Places
from health_pipeline_tests.bench.scale.sizes import END, Scale, days_before
from health_pipeline_tests.bench.subjects import keep, opened

BATCH = 30
"""Days in memory at once."""


def generate(places: Places, scale: Scale) -> dict[str, float]:
    """Write all of it; gives rows and megabytes of what is large."""
    people = People.of(scale)
    for name in ("user_links", "account_xref"):
        getattr(people, name)().write_parquet(places.table(name))
    with opened(places, "year") as stores:
        publish_events(stores.lake, people, scale.raw_days, scale.events_a_day)
        publish_activity(stores.lake, people, scale.year_days)
        facts = {
            **_size("events", stores.lake, EVENTS),
            **_size("activity", stores.lake, ACTIVITY),
        }
    last = scale.raw_days[-1]
    _write(landed(people, last, scale.events_a_day, copies=False), places.table("once"))
    _write(landed(people, last, 2 * scale.events_a_day), places.table("twice"))
    half = scale.lake_days // 2
    for name, days in (("long", scale.lake_days), ("short", half)):
        known = days_before(END, days + 1)
        with opened(places, name) as stores:
            publish_events(stores.lake, people, known, scale.lake_events)
            publish_activity(stores.lake, people, known)
    for name in ("year", "long", "short"):
        keep(places, name)
    return facts


def publish_events(lake: Lake, people: People, days: Sequence[date], rows: int) -> None:
    """Land about `rows` raw events of each of `days`."""
    late = []
    for day in days:
        frame = landed(people, day, rows)
        late.append(_late(frame))
        with tempfile.TemporaryDirectory(dir=lake.root) as folder:
            file = _write(frame, Path(folder) / "day.parquet")
            _publish(lake, [Write(EVENTS, day, file)])
    _publish(lake, [Write(LATE_EVENTS, None, pl.concat(late).sort("known_on", "day"))])


def publish_activity(lake: Lake, people: People, days: Sequence[date]) -> None:
    """User-days of `days`, which account showed what, and since when each account is active."""
    active: pl.DataFrame | None = None
    for batch in _batches(user_days(people, days)):
        _publish(lake, [Write(ACTIVITY, day, frame) for day, frame in batch])
        _publish(lake, [Write("source_days", day, _shown(frame)) for day, frame in batch])
        active = first_active(pl.concat([frame for _, frame in batch]), active)
    if active is not None:
        _publish(lake, [Write("first_active", None, active.sort("account_id", "known_on"))])


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """`SOURCE_DAYS` of activity that all came from one source."""
    key = ["source", "account_id", "day", "known_on"]
    shown = frame.with_columns(pl.lit(SOURCE).alias("source"))
    return shown.group_by(key).agg(pl.col("events").sum()).sort(key)


def _late(frame: pl.DataFrame) -> pl.DataFrame:
    seen = frame.select(
        pl.col("occurred_at").cast(pl.Date).alias("day"),
        pl.col("known_at").cast(pl.Date).alias("known_on"),
    ).unique()
    return seen.filter(pl.col("known_on") > pl.col("day"))


def _batches(
    frames: Iterator[tuple[date, pl.DataFrame]],
) -> Iterator[list[tuple[date, pl.DataFrame]]]:
    batch = []
    for one in frames:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _publish(lake: Lake, writes: Sequence[Write]) -> None:
    lake.publish(writes, run_id="bench", at=House.now())


def _write(frame: pl.DataFrame, path: Path) -> OnDisk:
    """A file of landed events, as the landing writes it."""
    return OnDisk(path, write_slices(path, [frame], EVENT_ROWS, UNIQUE, frame.columns))


def _size(name: str, lake: Lake, table: str) -> dict[str, float]:
    bytes_ = sum(file.stat().st_size for file in lake.files(table))
    return {f"{name}_rows": lake.rows(table), f"{name}_megabytes": bytes_ / 2**20}


if __name__ == "__main__":
    told = generate(Places(Path(sys.argv[1])), Scale(**json.loads(sys.argv[2])))
    print(json.dumps(told))  # noqa: T201 - what the parent reads

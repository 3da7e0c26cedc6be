"""`python -m health_pipeline_tests.bench.scale.connected FOLDER SCALE`: every source connected.

A lake beside that of the activity: landed source tables, identity, and the windows of usage that
the activity gives for the days which are scored. And the work on it: from landed rows and windows
to signals of the whole default model, subscores, contributions, scores, and their files.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.schemas.landing import land
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.attached import Attached
from health_pipeline.orchestration.chunks import chunks
from health_pipeline.orchestration.days import Past, day_views, populations
from health_pipeline.orchestration.earlier import earlier_scores
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import attached_tables
from health_pipeline.orchestration.landed import landing_name
from health_pipeline.orchestration.publish import of_days
from health_pipeline.orchestration.steps import score_days
from health_pipeline.orchestration.usage import USAGE_WINDOWS, Usage
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.bench.scale.people import People
from health_pipeline_tests.bench.scale.places import Places
from health_pipeline_tests.bench.scale.records import records
from health_pipeline_tests.bench.scale.rivals import Work, scan
from health_pipeline_tests.bench.scale.scoring import VERSION
from health_pipeline_tests.bench.scale.sizes import END, LONGEST, Scale, days_before
from health_pipeline_tests.bench.subjects import as_kept, control_of, model, opened

WORLD, BASELINE, ATTACHED = "connected", "baseline", "attached"
OF_THE_DAY = ("account_id", "score", "tier_by_score", "coverage", "expansion_index", "segment")
"""What does not depend on the days before."""

TABLES = ("signals", "contributions", "health_scores")

BESIDE = ("weekly_cadence", "user_time_to_first_value", "survey_satisfaction", "onboarding_stage")
"""Signals that are only watched; without them the default model has thirty."""


def generate(places: Places, scale: Scale) -> dict[str, float]:
    """Write it; gives rows of the source tables and their megabytes."""
    people, days = People.of(scale), days_before(END, scale.signal_days)
    with opened(places, "year") as year, opened(places, WORLD) as stores:
        _write_landed(stores, people)
        _write_identity(stores, people)
        for name in ("first_active", "source_days"):
            _copy(year, stores, name)
        past = Past.of(stores, Window(days[0], days[-1]))
        usage = Usage(year)
        for part in chunks(days, 2 * scale.accounts):
            observed = usage.rows(populations(past, part.days)[0], part.days)
            publish(stores, {USAGE_WINDOWS: observed})
        _keep(past.tables, places)
        _baseline(stores, past).write_parquet(places.table(BASELINE))
        files = [file for name in _landed() for file in stores.lake.files(name)]
        rows = sum(stores.lake.rows(name) for name in _landed())
    shutil.copy(control_of(places, WORLD), places.kept(WORLD))
    size = sum(file.stat().st_size for file in files) / 2**20
    return {"rows": rows, "megabytes": size, "signals": len(model().signals) - len(BESIDE)}


def _keep(tables: Attached, places: Places) -> None:
    """Leave behind the files of the stage that finds accounts, for works that begin after it."""
    tables.make()
    shutil.copytree(tables.folder, places.folder / ATTACHED)


def scan_tables(places: Places) -> Work:
    """Read every value of every landed source table, and of 90 days of activity."""
    as_kept(places, WORLD)
    with opened(places, WORLD) as stores:
        files = [file for name in _landed() for file in stores.lake.files(name)]
    works = [scan([file], tuple(pl.read_parquet_schema(file))) for file in files]
    activity = places.files("activity", days_before(END, LONGEST))
    works.append(scan(activity, tuple(pl.read_parquet_schema(activity[0]))))

    def work() -> None:
        for one in works:
            one()

    return work


def signals_to_scores(places: Places, days: Sequence[date], *, every: bool = False) -> Work:
    """From landed tables and windows to published signals, contributions and scores of `days`.

    Of thirty signals; of `every` one of the default model where asked.
    """
    as_kept(places, WORLD)
    baseline = pl.read_parquet(places.table(BASELINE))

    def work() -> dict[str, Any]:
        with opened(places, WORLD) as opened_stores, opened(places, "year") as year:
            stores = opened_stores if every else _of_thirty(opened_stores)
            past = _past(stores, year, places, Window(days[0], days[-1]))
            accounts = len(past.tables.ids)
            for part in chunks(days, accounts * len(stores.model.signals)):
                found = _scored(stores, past, part, baseline)
                publish(stores, found)
            last = stores.lake.frame("health_scores", END, END)
        return {} if last is None else {str(END): last.select(OF_THE_DAY)}

    return work


def files(places: Places, day: date) -> Work:
    """The files of `day` alone: everything that `signals_to_scores` publishes is there."""
    as_kept(places, WORLD)
    baseline = pl.read_parquet(places.table(BASELINE))
    with opened(places, WORLD) as opened_stores, opened(places, "year") as year:
        stores = _of_thirty(opened_stores)
        past = _past(stores, year, places, Window(day, day))
        found = _scored(stores, past, past.window, baseline)

    def work() -> None:
        with opened(places, WORLD) as stores:
            publish(stores, found)

    return work


def attach(places: Places) -> Work:
    """The account of every landed row, as the first stage of a run that asks for it finds it."""

    def work() -> None:
        with opened(places, WORLD) as stores:
            attached_tables(stores).make()

    return work


def attached_rows(places: Places) -> Attached:
    """The source tables with the account of each row."""
    folder = places.folder / ATTACHED
    return Attached(
        folder, {name: () for name in SOURCE_TABLES if (folder / f"{name}.parquet").exists()}
    )


def _of_thirty(stores: Stores) -> Stores:
    kept = tuple(spec for spec in stores.model.signals if spec.name not in BESIDE)
    return replace(stores, model=stores.model.model_copy(update={"signals": kept}))


def _past(stores: Stores, year: Stores, places: Places, window: Window) -> Past:
    """As a run has it, of rows whose accounts are known; activity lies in the lake of the year."""
    return replace(Past.of(stores, window, attached_rows(places)), lake=year.lake)


def _scored(
    stores: Stores, past: Past, part: Window, baseline: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """As the steps of a run do it, one after the other."""
    people = populations(past, part.days)[0]
    segments = assign(people, stores.model.segments)
    values = _values(stores, past, part, people)
    found = score_days(
        stores.model,
        values=values,
        segments=segments,
        population=people,
        baseline=baseline,
        published=earlier_scores(stores.lake, part.days, stores.model.scoring),
        model_version=VERSION,
        scored_at=House.now(),
    )
    results = {name: getattr(found, name) for name in TABLES}
    return {"population": people, "segments": segments, **results}


def _values(stores: Stores, past: Past, part: Window, people: pl.DataFrame) -> pl.DataFrame:
    usage = stores.lake.frame(USAGE_WINDOWS, part.first, part.last)
    if usage is None:
        raise LookupError(f"no windows of {part}")
    views = day_views(past, people, usage, part.days)
    return pl.concat([signal_values(view, stores.model.signals) for view in views])


def _baseline(stores: Stores, past: Past) -> pl.DataFrame:
    """What is normal: fitted on END."""
    people = populations(past, [END])[0]
    values = _values(stores, past, Window(END, END), people)
    segments = assign(people, model().segments)
    fitted = fit_baseline(values, segments, model().signals, model().segments, END)
    return fitted.with_columns(pl.lit(VERSION).alias("model_version"))


def _landed() -> list[str]:
    return [landing_name(name) for name in SOURCE_TABLES]


def _write_landed(stores: Stores, people: People) -> None:
    for name, rows in records(people).items():
        arrived = rows.with_columns(pl.lit(f"{name}.parquet").alias("origin"))
        versions = land(SOURCE_TABLES[name], arrived, None, END)[0]
        _whole(stores, landing_name(name), versions)


def _write_identity(stores: Stores, people: People) -> None:
    links, users = people.user_links(), RESULT_TABLES["user_xref"]
    _whole(stores, "user_links", links)
    _whole(stores, "user_xref", users.conform(links))
    _whole(stores, "account_xref", RESULT_TABLES["account_xref"].conform(people.account_xref()))


def _copy(year: Stores, stores: Stores, name: str) -> None:
    """A table of the year; one of days as the partition of END."""
    partition = END if year.lake.days(name) else None
    found = year.lake.frame(name)
    if found is None:
        raise LookupError(f"the year holds no {name}")
    stores.lake.publish([Write(name, partition, found)], run_id=VERSION, at=House.now())


def _whole(stores: Stores, name: str, frame: pl.DataFrame) -> None:
    stores.lake.publish([Write(name, None, frame)], run_id=VERSION, at=House.now())


def publish(stores: Stores, tables: dict[str, pl.DataFrame]) -> None:
    """Write daily tables as the lake does."""
    writes = [
        Write(name, day, part)
        for name, frame in tables.items()
        for day, part in of_days(frame).items()
    ]
    stores.lake.publish(writes, run_id=VERSION, at=House.now())


if __name__ == "__main__":
    told = generate(Places(Path(sys.argv[1])), Scale(**json.loads(sys.argv[2])))
    print(json.dumps(told))  # noqa: T201 - what the parent reads

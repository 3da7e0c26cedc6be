"""The product's own functions as the benchmarks call them: one place to change with their API.

Each function prepares a work, which is not timed, and gives it. A work that publishes finds the
lake as it was: run files never change, so putting the manifest back is enough.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from health_pipeline.adapters.engines import duckdb, steps
from health_pipeline.adapters.store.draft import Hashed, write_parquet
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.config.loader import load_model
from health_pipeline.config.model import HealthModel
from health_pipeline.config.settings import load_settings
from health_pipeline.core.activity.tally import USER_DAYS, Tally
from health_pipeline.core.activity.windows import tallied
from health_pipeline.core.schemas.day import WEEKS
from health_pipeline.orchestration.activity import PART_EVENTS, known_activity
from health_pipeline.orchestration.chunks import chunks
from health_pipeline.orchestration.claims import claims
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import event_files
from health_pipeline.orchestration.publish import of_days
from health_pipeline.orchestration.usage import (
    STATE_ACCOUNTS,
    STATE_USERS,
    USAGE_WINDOWS,
    WIDTH,
    Usage,
    read_activity,
)
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.bench.scale.people import Ints, identity
from health_pipeline_tests.bench.scale.places import Places
from health_pipeline_tests.bench.scale.scoring import Scoring, on_days, population
from health_pipeline_tests.bench.scale.sizes import END, LONGEST, Scale

Work = Callable[[], Any]

YESTERDAY = END - timedelta(days=1)
WINDOWS = (7, 30, LONGEST)
USERS_OF = tuple(f"active_users_{days}d" for days in WINDOWS)

PROMISED = ("signals", "contributions", "health_scores")
"""Tables of contracts.md of which each scored day has a file."""

BATCH = 30
"""Days of activity in memory at once."""

NONE = "SELECT id FROM raw_events WHERE false"
"""In place of the steps that look for copies."""

LOOKS = ("news", "repeated")
"""Those steps: all others do nothing where these find nothing."""


def roll_up(places: Places, files: Sequence[Path], first: date, last: date) -> Work:
    """User-days that became known from `first` to `last`, copies removed; links are in memory."""
    given = roll_up_inputs(places, first, last)
    return lambda: tables(duckdb.roll_up(files, **given))


def roll_up_landed(places: Places, days: Sequence[date], scale: Scale) -> Work:
    """The roll-up of `days` as a run does it: part by part, over the files chosen for each part."""
    as_kept(places, "year")
    links, size = places.links(), PART_EVENTS // scale.events_a_day
    parts = [Window(part[0], part[-1]) for part in _parts(days, size)]

    def work() -> dict[str, pl.DataFrame]:
        found = {}
        with opened(places, "year") as stores:
            for part in parts:
                who = claims(stores.lake, part, identity(*links), began=True).identity
                read = event_files(stores, part, who)
                linked = {"user_links": who.user_links, "account_xref": who.account_xref}
                given = roll_up_inputs(places, part.first, part.last) | linked
                rolled_up = duckdb.roll_up(read.files, claimed_days=read.claimed_days, **given)
                found[str(part)] = rolled_up.activity
        return found

    return work


def roll_up_inputs(places: Places, first: date, last: date) -> dict[str, Any]:
    """What every engine's `roll_up` takes beside the files."""
    user_links, account_xref = places.links()
    return {
        "user_links": user_links,
        "account_xref": account_xref,
        "rules": model().activity,
        "known_from": first,
        "known_to": last,
    }


def tables(found: steps.RollUp) -> dict[str, pl.DataFrame]:
    """Its tables by name."""
    names = ("activity", "source_days", "unresolved")
    return {name: getattr(found, name) for name in names}


def roll_up_trusting(places: Places, files: Sequence[Path], first: date, last: date) -> Work:
    """The same steps, except that nobody looks for copies: right only where there are none."""
    work, text = roll_up(places, files, first, last), steps.sql

    def sql(step: str, *given: Any) -> str:
        return NONE if step in LOOKS else text(step, *given)

    def trusting() -> dict[str, pl.DataFrame]:
        steps.sql = sql  # type: ignore[assignment] # the same call
        try:
            return work()  # type: ignore[no-any-return]
        finally:
            steps.sql = text

    return trusting


@cache
def model() -> HealthModel:
    """The default model; a work asks for it before its clock starts."""
    return load_model(None)


@contextmanager
def opened(places: Places, world: str) -> Iterator[Stores]:
    """The stores of `world`."""
    settings = load_settings({}, sources=places.folder, lake=places.lake(world))
    with House(settings, model()).open() as stores:
        yield stores


def keep(places: Places, world: str) -> None:
    """Leave behind what the run of the day before END would have; later works begin with it."""
    days = [END - timedelta(weeks=week) for week in range(WEEKS - 1, 0, -1)] + [YESTERDAY]
    with opened(places, world) as stores:
        _publish_windows(stores, Usage(stores), _people(places, days), days)
    shutil.copy(control_of(places, world), places.kept(world))


def as_kept(places: Places, world: str) -> None:
    model()
    control = control_of(places, world)
    for left in control.parent.glob(f"{control.name}-*"):
        left.unlink()
    shutil.copy(places.kept(world), control)


def control_of(places: Places, world: str) -> Path:
    return load_settings({}, lake=places.lake(world)).control_db


def merge_users(places: Places, world: str) -> Work:
    """Who was last seen when, carried on by one day, counted for 7, 30 and 90, and stored."""
    as_kept(places, world)

    def work() -> dict[str, pl.DataFrame]:
        with opened(places, world) as stores:
            users, known = (_whole(stores.lake, name) for name in (STATE_USERS, STATE_ACCOUNTS))
            tally = Tally(known["account_id"], YESTERDAY)
            tally.restore(users, known)
            for today in tally.run(known_activity(stores.lake, END, END), END):
                counts = np.stack([today.users(days) for days in WINDOWS])
            state = zip((STATE_USERS, STATE_ACCOUNTS), tally.stored(), strict=True)
            _publish(stores.lake, [Write(name, None, frame) for name, frame in state])
        return {str(END): _users(tally.accounts, counts)}

    return work


def windows_of_day(places: Places, world: str) -> Work:
    """All windows and weeks of END, judged by what was delivered, and their files."""
    as_kept(places, world)
    people = _people(places, [END])

    def work() -> dict[str, pl.DataFrame]:
        with opened(places, world) as stores:
            found = _publish_windows(stores, Usage(stores), people, [END])
        users = found.select("account_id", *USERS_OF).filter(pl.col(USERS_OF[-1]) > 0)
        return {str(END): users}

    return work


def daily_run(places: Places, world: str) -> Work:
    """Roll-up of END over the files that a run would read, then the windows of the day."""
    links = places.links()
    given, windows = roll_up_inputs(places, END, END), windows_of_day(places, world)

    def work() -> dict[str, pl.DataFrame]:
        with opened(places, world) as stores:
            day = Window(END, END)
            who = claims(stores.lake, day, identity(*links), began=True).identity
            read = event_files(stores, day, who)
            found = duckdb.roll_up(read.files, claimed_days=read.claimed_days, **given)
        return {**tables(found), **windows()}

    return work


def distinct_of_year(places: Places, scale: Scale) -> Work:
    """Distinct users of 7, 30 and 90 days of every account on every day of the year."""
    as_kept(places, "year")

    def work() -> dict[str, pl.DataFrame]:
        days = scale.year_days
        with opened(places, "year") as stores:
            accounts = _whole(stores.lake, "first_active")["account_id"].unique().sort()
            parts = (
                read_activity(stores.lake, part[0], part[-1], USER_DAYS)
                for part in _parts(days, BATCH)
            )
            tally = Tally(accounts, days[0] - timedelta(days=1), users_only=True)
            counts = {
                today.day: np.stack([today.users(n) for n in WINDOWS]).astype(np.int32)
                for today in tallied(parts, tally, days[-1])
            }
        return {str(day): _users(accounts, counts[day].astype(np.int64)) for day in scale.counted}

    return work


def windows_of_year(places: Places, scale: Scale) -> Work:
    """All windows and weeks of the year, chunk by chunk, and every day's file."""
    as_kept(places, "year")
    people = population(places.links()[0])

    def work() -> dict[str, int]:
        with opened(places, "year") as stores:
            return {"account-days": _walk_windows(stores, people, scale.year_days)}

    return work


def scores(places: Places, scale: Scale) -> Work:
    """The same of the first days of the year, then signals of usage, scores and their files.

    As in a run: one step walks over all days and publishes, and the next one reads what it needs.
    """
    as_kept(places, "year")
    links, days = places.links()[0], scale.year_days[: scale.scored_days]

    def work() -> dict[str, int]:
        rows = 0
        with opened(places, "year") as stores:
            scoring = Scoring(links, stores)
            _walk_windows(stores, scoring.people, days)
            for part in chunks(days, scoring.people.height * len(scoring.model.signals)):
                found = stores.lake.frame(USAGE_WINDOWS, part.first, part.last)
                if found is not None:
                    rows += scoring.add(scoring.people_on(part.days), found)
        return {"account-days": rows}

    return work


def encoded(places: Places, scale: Scale) -> Work:
    """Promised tables of some scored days become Parquet, and nothing else happens."""
    as_kept(places, "year")
    links, days = places.links()[0], scale.year_days[: scale.encoded_days]
    with opened(places, "year") as stores:
        scoring = Scoring(links, stores)
        people = scoring.people_on(days)
        windows = Usage(stores).rows(people, days)
        tables = scoring.scored(people, windows)
    parts = [part for name in PROMISED for part in of_days(tables[name]).values()]

    def work() -> dict[str, int]:
        for part in parts:
            write_parquet(part, Hashed())
        return {"account-days": tables["health_scores"].height}

    return work


def _walk_windows(stores: Stores, people: pl.DataFrame, days: Sequence[date]) -> int:
    """Publish the windows of `days` in chunks as a run does; gives their rows."""
    usage = Usage(stores)
    parts = chunks(days, people.height * WIDTH)
    return sum(
        _publish_windows(stores, usage, on_days(people, part.days), part.days).height
        for part in parts
    )


def _publish_windows(
    stores: Stores, usage: Usage, people: pl.DataFrame, days: Sequence[date]
) -> pl.DataFrame:
    """`OBSERVED` rows of `days`, published with the state after them."""
    found = usage.rows(people, days)
    parts = found.partition_by("date", as_dict=True).items()
    _publish(stores.lake, [Write(USAGE_WINDOWS, key[0], part) for key, part in parts])
    _publish(stores.lake, usage.state())
    return found


def _publish(lake: Lake, writes: Sequence[Write]) -> None:
    lake.publish(writes, run_id="bench", at=House.now())


def _people(places: Places, days: Sequence[date]) -> pl.DataFrame:
    dated = pl.DataFrame({"date": days}, schema={"date": pl.Date})
    return population(places.links()[0]).join(dated, how="cross")


def _whole(lake: Lake, table: str) -> pl.DataFrame:
    found = lake.frame(table)
    if found is None:
        raise LookupError(f"the lake holds no {table}")
    return found


def _parts(days: Sequence[date], size: int) -> list[Sequence[date]]:
    size = max(size, 1)
    return [days[n : n + size] for n in range(0, len(days), size)]


def _users(accounts: pl.Series, counts: Ints) -> pl.DataFrame:
    """As SQL gives it: accounts without any user are absent."""
    columns = {name: counts[n].astype(np.int64) for n, name in enumerate(USERS_OF)}
    frame = pl.DataFrame({"account_id": accounts, **columns})
    return frame.filter(pl.col(USERS_OF[-1]) > 0)

"""Which partitions a run reads: enough that a day costs a day, and that nothing is missed.

Hypothesis hands in any world of late, repeated and late-linked events: running day by day over the
chosen files alone gives what one run over all files gives.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from health_pipeline.adapters.engines.duckdb import roll_up
from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.core.identity.users import LINK_COLUMNS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import days_between
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landed import LATE_EVENTS, UNCLAIMED, event_files
from health_pipeline.orchestration.window import Window

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 12)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
COLUMNS = {
    name: {**SOURCE_TABLES["events"].schema, "known_at": pl.Datetime("us", "UTC")}[name]
    for name in (
        "source", "event_id", "occurred_at", "known_at", "source_user_id", "source_account_id",
        "event_name", "feature",
    )
}  # fmt: skip


def at(day: int) -> datetime:
    return NOON + timedelta(days=day)


def world(stores: Stores, rows: list[tuple]) -> None:
    """Land `rows` (event_id, day, days late, user, account, feature) by the day of the event."""
    frame = pl.DataFrame(
        [
            ("app", key, at(day), at(day + late), user, account, "used", feature)
            for key, day, late, user, account, feature in rows
        ],
        schema=COLUMNS,
        orient="row",
    ).with_columns(pl.col("occurred_at").dt.date().alias("day"))
    late = frame.select("day", pl.col("known_at").dt.date().alias("known_on")).unique()
    writes = [
        Write("landing/events", day, part.drop("day"))
        for (day,), part in frame.partition_by("day", as_dict=True).items()
    ]
    writes.append(Write(LATE_EVENTS, None, late.filter(pl.col("known_on") > pl.col("day"))))
    stores.lake.publish(writes, run_id="", at=NOON)


def who_is_who() -> Identity:
    """Two accounts and three users, some of them linked only on the way."""
    xref = [("a", "acc_1", -50), ("late", "acc_2", 6)]
    links = [
        ("u", "acc_1", -50),
        ("late", "acc_2", 4),
        ("mover", "acc_1", 2),
        ("mover", "acc_2", 7),
    ]
    empty, counts_on = pl.DataFrame(), pl.col("linked_at").dt.date().alias("counts_on")
    return Identity(
        account_xref=pl.DataFrame(
            [("app", key, account, "anchor", "", 1.0, at(day)) for key, account, day in xref],
            schema=RESULT_TABLES["account_xref"].columns,
            orient="row",
        ).with_columns(counts_on),
        user_xref=empty,
        user_links=pl.DataFrame(
            [("app", key, account, f"usr_{key}", "sso", at(day)) for key, account, day in links],
            schema=LINK_COLUMNS,
            orient="row",
        ).with_columns(counts_on),
        conflicts=empty,
        review=empty,
        unresolved=empty,
        aliases=empty,
        registry_new=empty,
    )


WHO = who_is_who()


def rolled(stores: Stores, files: list[Path], first: date, last: date, claimed=None):
    return roll_up(
        files,
        user_links=WHO.user_links,
        account_xref=WHO.account_xref,
        rules=stores.model.activity,
        known_from=first,
        known_to=last,
        claimed_days=claimed,
    )


def opened(folder: str | Path, lookback_days: int = 1):
    model = load_model(None)
    activity = model.activity.model_copy(update={"lookback_days": lookback_days})
    settings_ = load_settings({}, sources=Path(folder, "sources"), lake=Path(folder, "lake"))
    return House(settings_, model.model_copy(update={"activity": activity})).open()


def days_read(files: list[Path]) -> list[int]:
    return [int(file.parent.name[-2:]) - 1 for file in files]


def unclaimed(stores: Stores, through: int) -> None:
    """Publish what nobody claimed on each day up to `through`, as runs of these days do."""
    files = stores.lake.files("landing/events")
    for day in days_between(FIRST, FIRST + timedelta(days=through)):
        part = rolled(stores, files, day, day).unresolved
        stores.lake.publish([Write(UNCLAIMED, day, part)], run_id="", at=NOON)


@pytest.mark.parametrize(
    ("why", "rows", "day", "expected"),
    [
        ("its own day, and the day before for copies stamped anew", [], 9, [8, 9]),
        ("… and the day on which something late happened, with its neighbours",
         [("e", 3, 6, "u", "a", None)], 9, [2, 3, 4, 8, 9]),
        ("what came late on another day does not matter",
         [("e", 3, 5, "u", "a", None)], 9, [8, 9]),
        ("an account that is linked now: its days",
         [("e", 1, 0, None, "late", None)], 6, [0, 1, 2, 5, 6]),
        ("a user who is linked now: their days",
         [("e", 1, 0, "late", None, None)], 4, [0, 1, 2, 3, 4]),
        ("… even behind an account that nobody claims",
         [("e", 2, 0, "late", "zz", None)], 4, [1, 2, 3, 4]),
        ("a user who was claimed before is not news",
         [("e", 3, 0, "mover", None, None)], 7, [6, 7]),
    ],
)  # fmt: skip
def test_only_what_can_matter_is_read(tmp_path, why, rows, day, expected):
    everyday = [(f"{n}", n, 0, "u", "a", None) for n in range(12)]
    with opened(tmp_path) as stores:
        world(stores, everyday + rows)
        unclaimed(stores, day - 1)
        of_day = FIRST + timedelta(days=day)
        found = event_files(stores, Window(of_day, of_day), WHO)
        assert sorted(days_read(found.files)) == expected, why


ROWS = st.lists(
    st.tuples(
        st.integers(0, 8).map(str),
        st.integers(0, 11),
        st.sampled_from([0, 0, 0, 1, 4, 8]),
        st.sampled_from([None, "u", "late", "mover", "x"]),
        st.sampled_from([None, "a", "late", "zz"]),
        st.sampled_from([None, "reports", "api"]),
    ),
    min_size=1,
    max_size=30,
)


# An example is a dozen runs: what fails is shown as it was found.
@settings(max_examples=8, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(ROWS, st.sampled_from([0, 1, 3]))
def test_day_by_day_over_few_files_is_one_run_over_all(rows, lookback_days):
    with TemporaryDirectory() as folder, opened(folder, lookback_days) as stores:
        world(stores, rows)
        whole = rolled(stores, stores.lake.files("landing/events"), FIRST, LAST)
        parts = []
        for day in days_between(FIRST, LAST):
            read = event_files(stores, Window(day, day), WHO)
            parts.append(rolled(stores, read.files, day, day, read.claimed_days))
            write = Write(UNCLAIMED, day, parts[-1].unresolved)
            stores.lake.publish([write], run_id="", at=NOON)
        for name in ("activity", "source_days"):
            frame = getattr(whole, name)
            found = pl.concat([getattr(part, name) for part in parts])
            assert found.sort(frame.columns).equals(frame.sort(frame.columns)), name
        for name in ("duplicates", "conflicts"):
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name

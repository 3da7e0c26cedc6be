"""How far the data goes, and which files are new: told without reading what need not be read."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from health_pipeline.adapters.store.landed import digests, remember_files
from health_pipeline.config.settings import SettingsError
from health_pipeline.orchestration.reads import Reads, data_through, last_day
from health_pipeline_tests.orchestration.small_world import house_in

DAY = date(2025, 6, 30)
LONG_AGO = datetime(2025, 7, 1, tzinfo=UTC).timestamp()


def frame(*days: date, zone: str | None = "UTC", **more) -> pl.DataFrame:
    at = pl.Series(
        [datetime.combine(day, datetime.min.time()) + timedelta(hours=23) for day in days]
    )
    return pl.DataFrame(
        {"source": "product", "event_id": [str(n) for n in range(len(days))], "event_name": "x"}
        | {"occurred_at": at.dt.replace_time_zone(zone)}
        | more
    )


@pytest.fixture
def stores(tmp_path):
    (tmp_path / "sources").mkdir()
    with house_in(tmp_path, tmp_path / "sources").open() as found:
        yield found


def put(stores, name: str, rows: pl.DataFrame) -> None:
    path = stores.settings.sources / name
    path.parent.mkdir(exist_ok=True)
    if name.endswith(".csv"):
        rows.write_csv(path)
    elif name.endswith(".ndjson"):
        rows.with_columns(pl.col("occurred_at").cast(pl.String)).write_ndjson(path)
    else:
        rows.write_parquet(path)


BEFORE = DAY - timedelta(days=1)
ALONE = [
    # why, file, rows
    ("Parquet, by its statistics", "events.parquet", frame(BEFORE, DAY)),
    ("another zone", "events.parquet", frame(BEFORE, zone="America/New_York")),  # 03:00 in UTC
    ("one mistake, a century ahead", "events.parquet", frame(DAY, date(2125, 1, 1))),
    ("text", "events.csv", frame(DAY, BEFORE)),
    ("text with a mistake", "events.csv", frame(DAY, date(2125, 1, 1))),
    ("JSON", "events.ndjson", frame(BEFORE, DAY)),
    ("text in Parquet", "events.parquet", frame(DAY).cast({"occurred_at": pl.String})),
    ("no time is given", "events.parquet",
     pl.concat([frame(DAY), frame(DAY).with_columns(pl.lit(None).cast(
         pl.Datetime("us", "UTC")).alias("occurred_at"))])),
]  # fmt: skip


@pytest.mark.parametrize(("why", "name", "rows"), ALONE, ids=[c[0] for c in ALONE])
def test_how_far_a_file_goes(why, name, rows, stores):
    put(stores, name, rows)
    assert data_through(stores, Reads(stores)) == DAY, why


def test_a_file_that_cannot_land_tells_nothing(stores):
    put(stores, "events/1.parquet", frame(BEFORE))
    put(stores, "events/2.parquet", frame(DAY).drop("event_name"))
    put(stores, "events/3.csv", frame(DAY).drop("event_name"))
    (stores.settings.sources / "events" / "4.parquet").write_bytes(b"no")
    assert last_day(stores, Reads(stores), "events") == BEFORE


def test_events_are_not_read_to_choose_the_days(stores):
    put(stores, "events.parquet", frame(DAY))
    whole = (stores.settings.sources / "events.parquet").read_bytes()
    first_column = whole[4:40]
    (stores.settings.sources / "events.parquet").write_bytes(
        whole.replace(first_column, b"\0" * 36)
    )
    assert last_day(stores, Reads(stores), "events") == DAY


def test_a_file_that_stands_as_it_was_is_not_hashed_again(stores):
    put(stores, "events.parquet", frame(DAY))
    path = stores.settings.sources / "events.parquet"
    (ref,) = Reads(stores).files("events")
    assert digests(stores.control) == {}, "just written: it may change within one tick of its clock"
    stat = path.stat()
    stamp = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
    stores.control.execute(
        "INSERT INTO source_digests VALUES ('events.parquet', ?, 'as remembered')", (stamp,)
    )
    assert Reads(stores).files("events")[0].fingerprint == "as remembered"
    os.utime(path, (LONG_AGO, LONG_AGO))
    (again,) = Reads(stores).files("events")
    assert again.fingerprint == ref.fingerprint, "touched: hashed anew, and the same"


def test_only_new_content_is_new(stores):
    put(stores, "events/1.parquet", frame(BEFORE))
    put(stores, "events/2.parquet", frame(DAY))
    reads = Reads(stores)
    one = reads.files("events")[0]
    remember_files(stores.control, "events", {"events/1.parquet": reads.fingerprint("events", one)})
    assert [reads.relative(ref) for ref in reads.new_files("events")] == ["events/2.parquet"]
    put(stores, "events/1.parquet", frame(DAY))
    assert len(reads.new_files("events")) == 2


GONE = [
    # why, table, landed, there now, told
    ("renamed", "users", ["users.csv"], ["people.csv"], True),
    ("taken away", "users", ["users.csv"], [], True),
    ("all parts of a folder", "users", ["users/1.csv", "users/2.csv"], [], True),
    ("a part of a folder", "users", ["users/1.csv", "users/2.csv"], ["users/2.csv"], False),
    ("another ending", "users", ["users.csv"], ["users.parquet"], False),
    ("never there", "users", [], [], False),
    ("events that were put away", "events", ["events/1.csv"], [], False),
]


@pytest.mark.parametrize(("why", "table", "landed", "there", "told"), GONE)
def test_a_table_whose_files_are_gone_is_told(why, table, landed, there, told, stores):
    remember_files(stores.control, table, dict.fromkeys(landed, "x"))
    for name in ("tickets.csv", *there):
        put(stores, name, frame(DAY))
    said = Reads(stores).gone(table)
    assert bool(said) == told, why
    assert all(landed[0] in one for one in said)


EMPTIED = [
    # why, tables that have landed, there now, how many the refusal counts (0: none)
    ("nothing is mounted", ["users", "tickets"], [], 2),
    ("of events, too", ["events", "users"], [], 2),
    ("one table alone", ["users"], [], 1),
    ("what is there is no table", ["users"], ["people.csv"], 1),
    ("a file of another table", ["users"], ["tickets.csv"], 0),
    ("the events are there", ["users"], ["events/1.csv"], 0),
    ("events that were put away", ["events"], [], 0),
    ("a first run", [], [], 0),
]


@pytest.mark.parametrize(
    ("why", "landed", "there", "counted"), EMPTIED, ids=[c[0] for c in EMPTIED]
)
def test_a_folder_that_holds_no_table_any_more_is_refused(why, landed, there, counted, stores):
    for table in landed:
        remember_files(stores.control, table, {f"{table}.csv": "x"})
    for name in there:
        put(stores, name, frame(DAY))
    if not counted:
        Reads(stores)
        return
    with pytest.raises(SettingsError, match=f"no file .* but {counted} tables? had landed from it"):
        Reads(stores)

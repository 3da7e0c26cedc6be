"""The lake: a partition changes as a whole or not at all, and equal content changes nothing."""

import hashlib
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.control import ControlError, open_control
from health_pipeline.adapters.store.draft import IN_MEMORY, ROW_GROUP
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.adapters.store.manifest import PublishConflictError
from health_pipeline.adapters.store.owner import bind_lake

AT = datetime(2026, 1, 2, tzinfo=UTC)
DAY = date(2026, 1, 1)


@pytest.fixture
def lake(tmp_path):
    connection = open_control(tmp_path / "control.db")
    yield Lake(tmp_path / "lake", connection)
    connection.close()


def frame(*values, at=AT):
    return pl.DataFrame(
        {"value": list(values), "scored_at": [at] * len(values)},
        schema={"value": pl.Int64, "scored_at": pl.Datetime("us", "UTC")},
    )


def publish(lake, *writes):
    return lake.publish(list(writes), run_id="r", at=AT)


def test_a_published_partition_is_read_back(lake):
    publish(lake, Write("t", DAY, frame(1, 2)), Write("t", DAY + timedelta(days=1), frame(3)))
    assert lake.frame("t")["value"].to_list() == [1, 2, 3]
    assert lake.frame("t", DAY, DAY)["value"].to_list() == [1, 2]
    assert lake.days("t") == [DAY, DAY + timedelta(days=1)]
    assert lake.frame("absent") is None


@pytest.mark.parametrize(
    ("why", "again", "changed"),
    [
        ("the same rows change nothing", frame(1, 2), 0),
        ("a volatile column is no content", frame(1, 2, at=AT + timedelta(hours=1)), 0),
        ("another value is a new generation", frame(1, 3), 1),
        ("other rows are a new generation", frame(1), 1),
    ],
)
def test_generations(lake, why, again, changed):
    publish(lake, Write("t", DAY, frame(1, 2), ("scored_at",)))
    assert publish(lake, Write("t", DAY, again, ("scored_at",))).changed == changed, why
    assert manifest.entries(lake.connection, "t")[0].generation == 1 + changed
    assert lake.frame("t")["value"].to_list() == again["value"].to_list()


def test_a_large_partition_is_hashed_as_it_is_written_and_read_back(lake):
    rows = 3 * ROW_GROUP
    noise = np.random.default_rng(1).random(rows)  # does not compress
    large = pl.DataFrame({"n": pl.int_range(rows, eager=True), "noise": noise, "more": -noise})
    publish(lake, Write("t", DAY, large))
    entry = manifest.entries(lake.connection, "t")[0]
    content = lake.files("t")[0].read_bytes()
    assert len(content) == entry.bytes > IN_MEMORY
    assert hashlib.sha256(content).hexdigest() == entry.digest
    assert pq.ParquetFile(lake.files("t")[0]).metadata.num_row_groups == 3
    assert lake.frame("t").equals(large)
    assert publish(lake, Write("t", DAY, large)).changed == 0
    assert [path.name for path in lake.root.rglob("*.tmp")] == []


@pytest.mark.parametrize(
    ("why", "frames"),
    [
        ("one schema", [frame(1, 2), frame(3)]),
        ("a column that comes", [frame(1).drop("scored_at"), frame(2), frame(3)]),
        ("a column that goes and comes back", [frame(1), frame(2).drop("scored_at"), frame(3)]),
        ("a column that widens", [frame(1).cast({"value": pl.Int32}), frame(2)]),
        ("no rows on a day", [frame(1), frame(), frame(2)]),
    ],
)
def test_a_scan_shows_what_a_frame_shows(lake, why, frames):
    publish(lake, *(Write("t", DAY + timedelta(days=n), one) for n, one in enumerate(frames)))
    assert lake.scan("t").collect().equals(lake.frame("t")), why
    some = lake.scan("t", DAY, DAY + timedelta(days=1)).select("value").collect()
    assert some.equals(lake.frame("t", DAY, DAY + timedelta(days=1)).select("value")), why
    assert lake.scan("absent") is None


def test_a_vanished_file_is_written_again(lake):
    publish(lake, Write("t", DAY, frame(1)))
    lake.files("t")[0].unlink()
    assert publish(lake, Write("t", DAY, frame(1))).changed == 1
    assert lake.frame("t")["value"].to_list() == [1]


def test_the_slower_of_two_runs_is_refused(lake):
    publish(lake, Write("t", DAY, frame(1)))
    before = manifest.entries(lake.connection, "t")[0]
    stale = lake._write(Write("t", DAY, frame(2)), before)
    publish(lake, Write("t", DAY, frame(3)))
    with pytest.raises(PublishConflictError, match="t 2026-01-01: another run published it"):
        manifest.swap(lake.connection, [stale], "", "r")
    assert lake.frame("t")["value"].to_list() == [3]


def test_one_conflict_leaves_every_partition_of_the_publish_as_it_was(lake, monkeypatch):
    publish(lake, Write("t", DAY, frame(1)), Write("u", DAY, frame(1)))
    other = Lake(lake.root, lake.connection)

    def slow(writes, pool, changes=lake._changes):
        found = changes(writes, pool)  # a second run publishes u between our files and our swap
        other.publish([Write("u", DAY, frame(9))], run_id="other", at=AT)
        return found

    monkeypatch.setattr(lake, "_changes", slow)
    with pytest.raises(PublishConflictError):
        publish(lake, Write("t", DAY, frame(2)), Write("u", DAY, frame(2)))
    assert lake.frame("t")["value"].to_list() == [1]
    assert lake.frame("u")["value"].to_list() == [9]


def test_sweep_removes_only_what_nobody_sees(lake):
    publish(lake, Write("t", DAY, frame(1)))
    publish(lake, Write("t", DAY, frame(2)))
    (lake.root / "t" / ".torn.tmp").write_bytes(b"half")
    assert lake.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0, "readers may still hold them"
    assert lake.sweep(datetime.now(UTC) + timedelta(seconds=5)) == 2
    assert lake.frame("t")["value"].to_list() == [2]


def test_control_db_knows_its_lake(tmp_path):
    connection = open_control(tmp_path / "control.db")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    bind_lake(connection, tmp_path / "control.db", one)
    bind_lake(connection, tmp_path / "control.db", one)
    with pytest.raises(ControlError, match=r"belongs to the lake .*one, not to .*two"):
        bind_lake(connection, tmp_path / "control.db", two)
    one.rename(two)
    bind_lake(connection, tmp_path / "control.db", two)
    connection.close()


def test_a_new_control_db_takes_no_lake_that_holds_tables(lake, tmp_path):
    publish(lake, Write("t", DAY, frame(1)))
    path = tmp_path / "other.db"
    with closing(open_control(path)) as new:
        for _ in range(2):
            with pytest.raises(ControlError, match=r"other.db is new, but .* holds tables"):
                bind_lake(new, path, lake.root)
        bind_lake(new, path, tmp_path / "empty")


@pytest.mark.parametrize(
    ("why", "content", "message"),
    [
        ("a text file", b"not a database at all, only words and words", "not a usable SQLite"),
        ("a folder", None, r"control.db: cannot be read and written.* \(unable to open"),
    ],
)
def test_an_unusable_control_db_says_so(tmp_path, why, content, message):
    path = tmp_path / "control.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ControlError, match=message):
        open_control(path)


@pytest.mark.parametrize(("version", "message"), [(99, "newer release"), (1, "earlier release")])
def test_a_control_db_of_another_release_is_refused(version, message, tmp_path):
    connection = open_control(tmp_path / "control.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(ControlError, match=message):
        open_control(tmp_path / "control.db")


def test_a_table_that_nothing_reads_any_more_is_forgotten_and_swept(tmp_path):
    control = tmp_path / "control.db"
    with closing(open_control(control)) as connection:
        lake = Lake(tmp_path / "lake", connection)
        rows = pl.DataFrame({"value": [1.0]})
        kept = [Write("signals", DAY, rows), Write("signal_values", DAY, rows)]
        lake.publish(kept, run_id="earlier", at=AT)
        connection.execute("PRAGMA user_version = 5")
    with closing(open_control(control)) as connection:
        lake = Lake(tmp_path / "lake", connection)
        assert lake.tables() == ["signals"]
        assert lake.sweep(datetime.now(UTC) + timedelta(days=1)) == 1
        assert lake.frame("signals", DAY, DAY).equals(rows)

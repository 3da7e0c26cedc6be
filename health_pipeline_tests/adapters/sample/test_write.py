"""The folder: the same bytes for the same arguments, whole or not at all, broken rows and all."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.adapters.sample import FILES, World, generate, write
from health_pipeline.adapters.sources.file import read_table
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.adapters.sample.conftest import END

TOO_EARLY = "before_first_year"  # keeps the contract; the history of activity sets it aside


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture(scope="module")
def written(small: World, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("written")
    write(small, root / "sources", root / "truth")
    return root


def read_rows(path: Path) -> int:
    """Data rows in a file or folder of any of the formats."""
    if path.is_dir() or path.suffix == ".parquet":
        return pl.scan_parquet(path).select(pl.len()).collect().item()
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return len(text.splitlines()) - (0 if path.suffix == ".ndjson" else 1)


def test_same_arguments_same_bytes(written, tmp_path):
    write(generate(END, accounts=30, months=4), tmp_path / "sources", tmp_path / "truth")
    assert digests(tmp_path) == digests(written)


def test_another_seed_is_another_world(small, written, tmp_path):
    other = generate(END, seed=8, accounts=30, months=4)
    write(other, tmp_path / "sources", tmp_path / "truth")
    theirs, ours = digests(tmp_path / "sources"), digests(written / "sources")
    assert theirs.keys() == ours.keys()
    empty = {FILES[name] for name, rows in small.tables.items() if rows.is_empty()}
    assert [name for name in ours if theirs[name] == ours[name] and name not in empty] == []


def test_a_further_month_leaves_the_older_files_of_events_as_they_are(written, tmp_path):
    longer = generate(date(2025, 5, 31), accounts=30, months=5)
    write(longer, tmp_path / "sources", tmp_path / "truth")
    before, after = digests(written / "sources/events"), digests(tmp_path / "sources/events")
    assert len(before) == 4
    assert before == {name: after[name] for name in before}
    assert sorted(after.keys() - before.keys()) == ["2025-05.parquet"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_its_table_and_its_broken_rows(small, written, name):
    broken = small.defects.filter(pl.col("table") == name).height
    assert read_rows(written / "sources" / FILES[name]) == small.tables[name].height + broken


def test_an_earlier_world_is_replaced_and_nothing_else_is_left(small, tmp_path):
    for _ in range(2):
        write(small, tmp_path / "sources", tmp_path / "truth")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sources", "truth"]


def test_a_folder_with_other_files_is_left_alone(small, tmp_path):
    for folder in ("sources", "truth"):
        (tmp_path / folder).mkdir()
    (tmp_path / "sources/thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"holds thesis[.]txt, which no sample world wrote"):
        write(small, tmp_path / "sources", tmp_path / "truth")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["sources", "thesis.txt", "truth"]


def test_the_file_source_reads_all_and_sets_aside_just_the_broken_rows(small, written):
    at = datetime(2025, 5, 1, tzinfo=UTC)
    rejected = []
    for name, table in SOURCE_TABLES.items():
        read = read_table(written / "sources", table, (), at)
        assert read is not None, name
        assert not [w for w in read.warnings if "unknown columns" in w], name
        held_back = small.defects.filter(
            pl.col("table") == name, pl.col("rule").str.starts_with(TOO_EARLY)
        )
        assert read.rows.height == small.tables[name].height + held_back.height, name
        rejected.append(read.quarantine.select("table", "key", "rule"))
    expected = small.defects.filter(~pl.col("rule").str.starts_with(TOO_EARLY))
    assert 15 <= expected.height <= 25
    assert sorted(pl.concat(rejected).rows()) == sorted(expected.drop("row").rows())


@pytest.mark.parametrize("name", SOURCE_TABLES)
def test_what_the_file_source_reads_is_the_table(small, written, name):
    read = read_table(
        written / "sources", SOURCE_TABLES[name], (), datetime(2025, 5, 1, tzinfo=UTC)
    )
    assert read is not None
    table = small.tables[name]
    sound = read.rows.select(table.columns)
    if name == "events":
        sound = sound.filter(pl.col("occurred_at").dt.year() >= 2000)
    assert sound.equals(table)

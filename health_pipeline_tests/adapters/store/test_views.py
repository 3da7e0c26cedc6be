"""health.duckdb: every promised table is there, over the files that are visible now."""

from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from health_pipeline.adapters.store.control import open_control
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.adapters.store.views import build_views
from health_pipeline.core.schemas.results import RESULT_TABLES

AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    connection = open_control(tmp_path / "control.db")
    yield Lake(tmp_path / "lake", connection)
    connection.close()


def test_every_promised_table_is_a_view_with_its_columns(lake, tmp_path):
    build_views(lake, tmp_path / "health.duckdb")
    with duckdb.connect(str(tmp_path / "health.duckdb"), read_only=True) as db:
        for name, table in RESULT_TABLES.items():
            assert db.table(name).columns == list(table.columns)


def test_views_show_the_visible_generation_and_replace_the_file_whole(lake, tmp_path):
    table = RESULT_TABLES["segments"]
    day = date(2026, 1, 1)

    def rows(segment):
        return pl.DataFrame(
            [{"account_id": "a", "date": day, "segment": segment}], schema=table.columns
        )

    lake.publish([Write("segments", day, rows("old"))], run_id="r", at=AT)
    build_views(lake, tmp_path / "health.duckdb")
    reader = duckdb.connect(str(tmp_path / "health.duckdb"), read_only=True)
    lake.publish([Write("segments", day, rows("new"))], run_id="r", at=AT)
    build_views(lake, tmp_path / "health.duckdb")
    assert reader.sql("SELECT segment FROM segments").fetchall() == [("old",)]
    reader.close()
    with duckdb.connect(str(tmp_path / "health.duckdb"), read_only=True) as db:
        assert db.sql("SELECT segment FROM segments").fetchall() == [("new",)]
    assert [p.name for p in tmp_path.glob(".health*")] == []


def test_what_could_not_be_built_leaves_nothing_behind(lake, tmp_path, monkeypatch):
    build_views(lake, tmp_path / "health.duckdb")
    before = (tmp_path / "health.duckdb").read_bytes()
    monkeypatch.setattr(lake, "files", lambda _: [tmp_path / "gone.parquet"])
    with pytest.raises(duckdb.IOException):
        build_views(lake, tmp_path / "health.duckdb")
    assert (tmp_path / "health.duckdb").read_bytes() == before
    assert [p.name for p in tmp_path.glob(".health*")] == []

"""The same tables, row for row, over Spark Connect on a cluster of two workers."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.adapters.engines import duckdb, steps
from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.adapters.engines.spark import rolled_up, seen
from health_pipeline.adapters.engines.spark_session import SparkError, session
from health_pipeline.adapters.engines.steps import RollUpError
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.identity import published_identity
from health_pipeline_tests.adapters.engines.landed import FIRST, LAST, jan
from health_pipeline_tests.spark import cluster, nasty
from health_pipeline_tests.spark.conftest import END

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(cluster.missing()), reason=f"NOT TESTED: {cluster.missing()}"),
]


@pytest.fixture(scope="module")
def spark(remote):
    with session(SparkConfig(remote=remote, wait_seconds=120)) as opened:
        yield opened


def both(spark, files, links, xref, rules, first, last):
    """The roll-up by DuckDB, and by Spark."""
    asked = {"rules": rules, "known_from": first, "known_to": last}
    ours = duckdb.roll_up(files, user_links=links, account_xref=xref, **asked)
    small = steps.inputs(links, xref, rules)
    return ours, rolled_up(spark, [f"file://{file}" for file in files], small, **asked)


def differences(ours, theirs) -> list[str]:
    """Names of the results that are not the same row for row, in the same order."""
    frames = ("activity", "source_days", "unresolved", "conflict_sample")
    found = [name for name in frames if not getattr(ours, name).equals(getattr(theirs, name))]
    counts = ("duplicates", "conflicts")
    return found + [name for name in counts if getattr(ours, name) != getattr(theirs, name)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The nasty events in a file of each day, shuffled; one file lacks the optional columns."""
    folder = tmp_path_factory.mktemp("landed") / "date folder ü"
    folder.mkdir()
    landed = nasty.events().sample(fraction=1.0, shuffle=True, seed=3)
    parts = landed.with_columns(day=pl.col("occurred_at").dt.date()).partition_by(
        "day", as_dict=True, include_key=False
    )
    optional = ("feature", "quantity", "source_user_id")
    bare = nasty.events().filter(pl.col("event_id") == "plain").drop(*optional)
    for name, part in {**{str(key[0]): part for key, part in parts.items()}, "bare": bare}.items():
        part.write_parquet(folder / f"{name}.parquet")
    return sorted(folder.iterdir())


@pytest.mark.parametrize(
    ("why", "first", "last"),
    [
        ("everything at once", FIRST, LAST),
        ("a day on which links and late copies become known", jan(9), jan(9)),
    ],
)
def test_nasty_events_give_the_same_tables(spark, files, why, first, last):
    ours, theirs = both(spark, files, nasty.LINKS, nasty.XREF, nasty.RULES, first, last)
    assert ours.activity.height
    assert differences(ours, theirs) == [], why


def test_the_sample_world_gives_the_same_tables(spark, on_duckdb):
    house = House(load_settings({"HEALTH_LAKE": str(on_duckdb.lake)}), load_model())
    with house.open() as stores:
        identity = published_identity(stores)
        landed = stores.lake.files("landing/events", END - timedelta(days=120), END)
    ours, theirs = both(
        spark,
        landed,
        identity.user_links,
        identity.account_xref,
        house.model.activity,
        END - timedelta(days=30),
        END,
    )
    assert ours.activity.height > 1000
    assert ours.duplicates > 0
    assert differences(ours, theirs) == []


def test_a_missing_column_is_named(spark, tmp_path):
    path = tmp_path / "broken.parquet"
    pl.DataFrame({"source": ["app"], "event_id": ["e"]}).write_parquet(path)
    small = steps.inputs(nasty.LINKS, nasty.XREF, nasty.RULES)
    with pytest.raises(RollUpError, match=r"broken\.parquet.*occurred_at, known_at, event_name"):
        rolled_up(spark, [f"file://{path}"], small, nasty.RULES, FIRST, LAST)


def test_what_spark_refuses_is_told_without_the_stack_of_its_jvm(spark, tmp_path):
    path = tmp_path / "torn.parquet"
    path.write_bytes(b"PAR1 and no more")
    small = steps.inputs(nasty.LINKS, nasty.XREF, nasty.RULES)
    with pytest.raises(SparkError, match=r"the landed events: .*torn\.parquet") as raised:
        rolled_up(spark, [f"file://{path}"], small, nasty.RULES, FIRST, LAST)
    assert "\tat org." not in str(raised.value)
    assert len(str(raised.value)) < 1000


def test_workers_may_see_the_lake_elsewhere(tmp_path):
    files = [tmp_path / "landing" / "events" / "date=2026-01-01" / "a b.parquet"]
    below = "landing/events/date=2026-01-01/a b.parquet"
    assert seen(files, tmp_path, SparkConfig()) == [f"file://{tmp_path}/{below}"]
    assert seen(files, tmp_path, SparkConfig(lake="s3a://b/lake/")) == [f"s3a://b/lake/{below}"]

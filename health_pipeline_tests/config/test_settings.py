"""Where a world lives: arguments over environment over defaults, two worlds never share a file."""

from pathlib import Path

import pytest

from health_pipeline.adapters.objects import Url
from health_pipeline.config.settings import SettingsError, load_settings


@pytest.mark.parametrize(
    ("why", "environment", "lake", "expected"),
    [
        ("defaults", {}, None, ("data/lake", "data/control.db", "data/health.duckdb")),
        (
            "a lake called lake has its stores beside it",
            {"HEALTH_LAKE": "/w/lake"},
            None,
            ("/w/lake", "/w/control.db", "/w/health.duckdb"),
        ),
        (
            "a lake of another name has them inside",
            {},
            Path("/w/two"),
            ("/w/two", "/w/two/control.db", "/w/two/health.duckdb"),
        ),
        (
            "named stores are taken as named",
            {"HEALTH_CONTROL_DB": "/c.db", "HEALTH_DUCKDB": "/h.duckdb"},
            Path("/w/two"),
            ("/w/two", "/c.db", "/h.duckdb"),
        ),
        (
            "an argument wins over the environment",
            {"HEALTH_LAKE": "/w/lake"},
            Path("/w/two"),
            ("/w/two", "/w/two/control.db", "/w/two/health.duckdb"),
        ),
        (
            "an empty variable is an absent one",
            {"HEALTH_LAKE": ""},
            None,
            ("data/lake", "data/control.db", "data/health.duckdb"),
        ),
        (
            "of a lake in object storage the stores stand where they would for data/lake",
            {"HEALTH_LAKE": "s3://bucket/lake/"},
            None,
            ("s3://bucket/lake", "data/control.db", "data/health.duckdb"),
        ),
        (
            "whatever its name",
            {"HEALTH_CONTROL_DB": "/c.db"},
            "gs://bucket/two",
            ("gs://bucket/two", "/c.db", "data/health.duckdb"),
        ),
    ],
)
def test_places(why, environment, lake, expected):
    found = load_settings(environment, lake=lake)
    assert (str(found.lake), str(found.control_db), str(found.duckdb)) == expected, why


@pytest.mark.parametrize(
    ("why", "environment", "expected"),
    [
        ("beside the lake", {}, "data/lake.cache"),
        ("never inside it", {"HEALTH_LAKE": "/w/two"}, "/w/two.cache"),
        ("as if the lake were data/lake", {"HEALTH_LAKE": "s3://b/two"}, "data/lake.cache"),
        ("as named", {"HEALTH_LAKE": "s3://b/two", "HEALTH_CACHE": "/big"}, "/big"),
    ],
)
def test_the_cache(why, environment, expected):
    assert str(load_settings(environment).cache) == expected, why


@pytest.mark.parametrize(
    ("why", "environment", "expected"),
    [
        ("beside the lake", {}, "data/report/index.html"),
        ("inside a lake of another name", {"HEALTH_LAKE": "/w/two"}, "/w/two/report/index.html"),
        ("local where the lake is not", {"HEALTH_LAKE": "s3://b/l"}, "data/report/index.html"),
        ("as named", {"HEALTH_LAKE": "/w/two", "HEALTH_REPORT": "/w/r.html"}, "/w/r.html"),
    ],
)
def test_the_report(why, environment, expected):
    assert str(load_settings(environment).report) == expected, why


def test_sources_may_be_a_url():
    assert load_settings({"HEALTH_SOURCES": "s3://b/in"}).sources == Url("s3://b/in")
    assert load_settings({"HEALTH_SOURCES": "s3://b/in"}, sources="in").sources == Path("in")


@pytest.mark.parametrize(
    ("why", "environment", "message"),
    [
        *(
            ("local only", {key: "s3://b/x"}, f"^{key} is s3://b/x: it must be a file or folder of")
            for key in (
                *("HEALTH_MODEL", "HEALTH_CONTROL_DB", "HEALTH_DUCKDB", "HEALTH_CACHE"),
                "HEALTH_REPORT",
            )
        ),
        ("a secret", {"HEALTH_LAKE": "s3://k:hunter2@b/x"}, "^the lake: s3://…@b/x: holds a pass"),
    ],
)
def test_places_that_cannot_be_used(why, environment, message):
    with pytest.raises(SettingsError, match=message) as refused:
        load_settings(environment)
    assert "hunter2" not in str(refused.value), why

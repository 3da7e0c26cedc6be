"""Where a world lives: arguments over environment over defaults, two worlds never share a file."""

from pathlib import Path

import pytest

from health_pipeline.config.settings import load_settings


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
    ],
)
def test_places(why, environment, lake, expected):
    found = load_settings(environment, lake=lake)
    assert (str(found.lake), str(found.control_db), str(found.duckdb)) == expected, why

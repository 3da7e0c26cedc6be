"""Which model version is in force for a baseline key: the one that a fit led to last."""

import sqlite3
from contextlib import closing

import pytest

from health_pipeline.adapters.store.models import (
    TABLES,
    ModelVersion,
    newest_with_part,
    remember_version,
    version_for,
)

MODEL, KEY = "model", "key"


@pytest.mark.parametrize(
    ("why", "fits", "expected"),
    [
        ("nothing was fitted", [], None),
        ("the first run fits", [("v1", 1)], "v1"),
        ("a refit", [("v1", 1), ("v2", 2)], "v2"),
        ("a refit that is taken back", [("v1", 1), ("v2", 2), ("v1", 3)], "v1"),
        ("the same refit again", [("v1", 1), ("v2", 2), ("v2", 3)], "v2"),
        ("two fits within one tick of the clock", [("v1", 1), ("v2", 1), ("v1", 1)], "v1"),
    ],
)
def test_the_last_fit_is_in_force(why, fits, expected):
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in TABLES:
            connection.execute(statement)
        for version, hour in fits:
            since = f"2026-11-30T{hour:02d}:00:00+00:00"
            known = ModelVersion(version, MODEL, KEY, "2026-10-01", since)
            remember_version(connection, known, {"knots:seats": KEY})
        for fingerprint in (MODEL, None):
            found = version_for(connection, fingerprint=fingerprint, baseline_key=KEY)
            assert (found and found.model_version) == expected, why
        assert newest_with_part(connection).get(("knots:seats", KEY)) == expected, why

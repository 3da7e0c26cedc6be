"""Changes of several days as one news of the latest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest

from health_pipeline.core.alerts.caught_up import caught_up
from health_pipeline.core.schemas.results import RESULT_TABLES

DAY = date(2026, 3, 31)
TABLE = RESULT_TABLES["driver_transitions"]


def changes(*rows, account="a", signal="s"):
    """Rows of (days ago, from, to, silent)."""
    found = [
        dict.fromkeys(TABLE.columns)
        | {
            "transition_id": f"{account}{signal}{ago}",
            "account_id": account,
            "signal": signal,
            "date": DAY - timedelta(days=ago),
            "from_state": before,
            "to_state": after,
            "value_before": float(ago + 1),
            "value_after": float(ago),
            "at": datetime.combine(DAY - timedelta(days=ago), time(23, 59), tzinfo=UTC),
            "silent": silent,
        }
        for ago, before, after, silent in rows
    ]
    return TABLE.conform(pl.DataFrame(found, schema=TABLE.columns, orient="row"))


CASES = [
    # why, changes, what is left: from, to, value before, value after, silent
    (
        "one of the day before",
        [(1, "healthy", "risk", False)],
        ("healthy", "risk", 2.0, 1.0, False),
    ),
    (
        "two steps",
        [(2, "healthy", "watch", False), (0, "watch", "risk", False)],
        ("healthy", "risk", 3.0, 0.0, False),
    ),
    ("there and back", [(2, "healthy", "risk", False), (1, "risk", "healthy", False)], None),
    (
        "news, then a silent return to it",
        [
            (2, "healthy", "risk", False),
            (1, "risk", "unknown", True),
            (0, "unknown", "risk", True),
        ],
        ("healthy", "risk", 3.0, 0.0, False),
    ),
    ("silent alone", [(1, None, "risk", True)], (None, "risk", None, 1.0, True)),
    (
        "first known, then news",
        [(2, None, "watch", True), (1, "watch", "risk", False)],
        ("watch", "risk", 2.0, 1.0, False),
    ),
]


@pytest.mark.parametrize(("why", "rows", "left"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_left_of_the_changes_of_several_days(why, rows, left, backwards):
    given = pl.concat([changes(*rows), changes((0, "watch", "risk", False), account="b")])
    found = caught_up(given.reverse() if backwards else given, DAY)
    assert found.schema == given.schema
    assert (found["date"] == DAY).all()
    assert found["account_id"].sort().to_list() == ["a", "b"][1 if left is None else 0 :]
    columns = ("from_state", "to_state", "value_before", "value_after", "silent")
    assert found.filter(account_id="a").select(columns).rows() == ([left] if left else []), why


def test_changes_of_one_day_stay_as_they_are():
    given = pl.concat([changes((0, "healthy", "risk", False)), changes((0, "risk", "risk", True))])
    assert caught_up(given, DAY).equals(given)
    assert caught_up(given.clear(), DAY).is_empty()

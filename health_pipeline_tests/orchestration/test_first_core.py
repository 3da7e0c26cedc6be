"""What a day's view tells of users: their first core use, of those who joined lately."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest

from health_pipeline.core.schemas.day import NEW_USER_DAYS
from health_pipeline.orchestration.days import Past
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.orchestration.conftest import FIRST, LAST, NEXT

DAYS = [FIRST, LAST, NEXT]

NAIVE = """
SELECT user_id, min(day) FROM read_parquet($files)
WHERE core_events > 0 AND known_on <= $day AND user_id IN (SELECT unnest($new))
GROUP BY user_id
"""


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("run", [Window(FIRST, NEXT), None], ids=["of a range", "of one day"])
def test_first_core_use_of_new_users_is_what_all_activity_tells(run, day, ran):
    with ran.house.open() as stores:
        past = Past.of(stores, run or Window(day, day))
        users = past.tables["users"]
        found = past.first_core(day)
        files = [str(file) for file in stores.lake.files("activity")]
    joined = users["created_at"].dt.date() > day - timedelta(days=NEW_USER_DAYS)
    new = users.filter(joined)["user_id"].drop_nulls().unique().to_list()
    asked = {"files": files, "day": day, "new": new}
    expected = dict(duckdb.execute(NAIVE, asked).fetchall())
    told = {user: on for user, on in found.rows() if user in set(new)}
    assert told == expected
    assert len(expected) > 10

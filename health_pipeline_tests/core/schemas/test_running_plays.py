from datetime import timedelta

import pytest

from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.time import end_of
from health_pipeline_tests.core.schemas.worlds import DAY, table


def moment(days):
    return end_of(DAY + timedelta(days=days))


CASES = [
    ("opened by the end of the day", {"opened_at": moment(0), "status": "proposed"}, "proposed"),
    ("opened later", {"opened_at": moment(1), "status": "proposed"}, None),
    (
        "closed by the end of the day",
        {"opened_at": moment(-9), "closed_at": moment(0), "status": "closed"},
        None,
    ),
    (
        "closed later: it still ran",
        {"opened_at": moment(-9), "closed_at": moment(1), "status": "closed"},
        "proposed",
    ),
    (
        "closed later, accepted before",
        {
            "opened_at": moment(-9),
            "accepted_at": moment(-1),
            "closed_at": moment(1),
            "status": "closed",
        },
        "accepted",
    ),
    (
        "accepted later: nobody had yet",
        {"opened_at": moment(-9), "accepted_at": moment(1), "status": "accepted"},
        "proposed",
    ),
    (
        "accepted",
        {"opened_at": moment(-9), "accepted_at": moment(0), "status": "accepted"},
        "accepted",
    ),
    (
        "done waits for the recovery",
        {"opened_at": moment(-9), "accepted_at": moment(-3), "status": "done"},
        "done",
    ),
]


@pytest.mark.parametrize(("why", "play", "expected"), CASES, ids=[c[0] for c in CASES])
def test_status_of_the_day(why, play, expected):
    rows = running_plays(table("plays", [{"play_id": "p1"} | play]), [DAY])
    assert rows["status"].to_list() == ([] if expected is None else [expected])


def test_one_play_an_account_and_day():
    plays = [{"play_id": n, "opened_at": moment(-int(n)), "status": "proposed"} for n in "12"]
    rows = running_plays(table("plays", plays), [DAY, DAY + timedelta(days=1)])
    assert rows.select("date", "play_id").rows() == [(DAY, "2"), (DAY + timedelta(days=1), "2")]

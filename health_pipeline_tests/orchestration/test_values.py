"""Values of signals: worked out for the days of a run, kept for the days that are scored again."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.orchestration.values import Values
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.orchestration.conftest import FIRST, LAST, NEXT

RUN = Window(FIRST, NEXT)
CASES = [
    ("a run over all of them", RUN.days),
    ("a run of old days, the later ones scored again", [FIRST, FIRST + timedelta(days=1)]),
    ("days between that stay", [FIRST, LAST]),
    ("all of them only scored again", []),
]


@pytest.mark.parametrize(("why", "computed"), CASES, ids=[case[0] for case in CASES])
def test_worked_out_or_kept_the_values_of_a_day_are_the_same(why, computed, ran):
    with ran.house.open() as stores:
        published = stores.lake.frame("signals", FIRST, NEXT)
        found = Values(stores, RUN, computed).of(RUN)
    assert dict(found.schema) == SIGNAL_VALUES
    assert found["date"].n_unique() == len(RUN.days)
    order = ["date", "account_id", "signal"]
    assert_frame_equal(found.sort(order), published.select(*SIGNAL_VALUES).sort(order))


def test_a_day_that_nobody_published_has_no_values(ran):
    after = Window(NEXT + timedelta(days=1), NEXT + timedelta(days=1))
    with ran.house.open() as stores:
        found = Values(stores, RUN, [NEXT]).of(after)
    assert found.equals(pl.DataFrame(schema=SIGNAL_VALUES))

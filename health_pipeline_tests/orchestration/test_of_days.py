"""A daily table falls into its days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from health_pipeline.orchestration.publish import of_days

DAY = date(2024, 5, 1)
DAYS = st.lists(st.integers(0, 4).map(lambda n: DAY + timedelta(days=n)))


def dated(days: list[date | None]) -> pl.DataFrame:
    return pl.DataFrame({"date": days}, schema={"date": pl.Date}).with_row_index("row")


@given(days=DAYS)
def test_each_day_has_its_rows_in_their_order(days):
    found = of_days(dated(days))
    assert set(found) == set(days)
    for day, rows in found.items():
        assert rows["row"].to_list() == [n for n, of in enumerate(days) if of == day]
        assert rows["date"].unique().to_list() == [day]


def test_a_row_without_a_date_is_refused():
    with pytest.raises(TypeError, match="a row of a daily table has no date"):
        of_days(dated([DAY, None]))

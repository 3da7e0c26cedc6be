from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from health_pipeline.core.explanation.sides import sides
from health_pipeline_tests.core.schemas.worlds import DAY

BEFORE = DAY - timedelta(days=1)
SCHEMA = {
    "account_id": pl.String,
    "date": pl.Date,
    "signal": pl.String,
    "weight": pl.Float64,
    "subscore": pl.Float64,
    "reference": pl.Float64,
    "value": pl.Float64,
}
ROWS = [
    ("x", BEFORE, "a", 0.4, 50.0, 60.0, 1.0),
    ("x", BEFORE, "b", 0.6, 70.0, 60.0, 2.0),
    ("x", DAY, "b", 1.0, 80.0, 60.0, None),
    ("y", DAY, "a", 0.0, 10.0, 60.0, 4.0),
    ("y", DAY, "b", 1.0, 90.0, 60.0, 5.0),
]
ASKED = [("x", BEFORE), ("y", DAY), ("y", BEFORE), ("x", DAY), ("x", BEFORE)]


@pytest.mark.parametrize(
    ("why", "order"),
    [
        ("sorted by account and day", [0, 1, 2, 3, 4]),
        ("an account's rows of a day stand apart", [0, 4, 2, 3, 1]),
        ("backwards", [4, 3, 2, 1, 0]),
    ],
)
def test_figures_stand_in_the_rows_that_are_asked_for(why, order):
    known = sides(pl.DataFrame([ROWS[n] for n in order], schema=SCHEMA, orient="row"))
    keys = pl.DataFrame(ASKED, schema={"account_id": pl.String, "date": pl.Date}, orient="row")
    found = known.figures.of(known.rows(keys))
    nan = np.nan
    assert known.signals == ["a", "b"], why
    expected = {
        "weight": [[0.4, 0.6], [nan, 1.0], [nan, nan], [nan, 1.0], [0.4, 0.6]],
        "subscore": [[50, 70], [nan, 90], [nan, nan], [nan, 80], [50, 70]],
        "value": [[1, 2], [nan, 5], [nan, nan], [nan, nan], [1, 2]],
    }
    for name, cells in expected.items():
        np.testing.assert_array_equal(getattr(found, name), np.array(cells), err_msg=why)


def test_nobody_speaks():
    known = sides(pl.DataFrame(schema=SCHEMA))
    assert known.figures.weight.shape == (1, 0)


def test_a_signal_that_is_silent_on_all_days_has_its_column():
    rows = pl.DataFrame(ROWS, schema=SCHEMA, orient="row")
    assert sides(rows, ("c",)).signals == ["a", "b", "c"]
    assert np.isnan(sides(rows, ("c",)).figures.weight[:, 2]).all()

"""A change that somebody else put into the data, at a known row.

`drift_car_loan`: a reference and an analysis set of 50,000 loans each; the distribution of some
columns changes at analysis row 25,000.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from health_pipeline.core.drift.drift import drift
from health_pipeline.core.drift.params import DriftRules
from health_pipeline.core.drift.psi import counts, psi, upper_edges

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "drift_car_loan"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"third-party data missing: {DATA}")

CHUNK, CHANGE = 5_000, 25_000
CHANGED = {"car_value", "loan_length", "repaid_loan_on_prev_car", "salary_range"}
SAME = {"driver_tenure", "debt_to_income_ratio", "size_of_downpayment"}
SALARY = {"0 - 20K €": 0, "20K - 40K €": 1, "40K - 60K €": 2, "60K+ €": 3}


@pytest.fixture(scope="module")
def loans():
    """Reference and analysis with every column as a number."""
    return tuple(
        pl.read_csv(DATA / f"synthetic_car_loan_{name}.csv.gz").select(
            "car_value",
            "loan_length",
            "debt_to_income_ratio",
            "driver_tenure",
            pl.col("repaid_loan_on_prev_car").cast(pl.Float64),
            pl.col("salary_range").replace_strict(SALARY, return_dtype=pl.Float64),
            pl.col("size_of_downpayment").str.strip_suffix("%").cast(pl.Float64),
            account_id=pl.col("id").cast(pl.String),
        )
        for name in ("reference", "analysis")
    )


def by_chunk(loans, column: str, smoothing: float) -> list[float]:
    """PSI of each chunk against the whole reference, ten quantile bins."""
    reference, analysis = (side[column].to_numpy() for side in loans)
    edges = upper_edges(reference, 10)
    before = counts(reference, edges)
    starts = range(0, analysis.size, CHUNK)
    return [psi(before, counts(analysis[s : s + CHUNK], edges), smoothing) for s in starts]


AFTER = [
    # Published as 1.75–1.90, where only empty bins are filled; .5 in every bin makes a lowest bin
    # of one value 1.5, which takes .05 off.
    ("car_value", 1.70, 1.90),
    ("loan_length", 0.295, 0.345),
    ("repaid_loan_on_prev_car", 0.255, 0.325),
    ("salary_range", 0.195, 0.255),
    ("driver_tenure", 0, 0.01),
    ("debt_to_income_ratio", 0, 0.01),
    ("size_of_downpayment", 0, 0.01),
]


@pytest.mark.parametrize(("column", "low", "high"), AFTER)
def test_psi_before_and_after_the_change(loans, column, low, high):
    found = by_chunk(loans, column, smoothing=0.5)
    assert max(found[: CHANGE // CHUNK]) <= 0.006
    assert all(low <= value <= high for value in found[CHANGE // CHUNK :]), found


def test_without_smoothing_the_published_range_is_met_exactly(loans):
    """In the chunks whose every bin is filled; an empty bin has no PSI without smoothing."""
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        found = by_chunk(loans, "car_value", smoothing=0)[CHANGE // CHUNK :]
    finite = [value for value in found if value < float("inf")]
    assert len(finite) == 2
    assert all(1.75 <= value <= 1.90 for value in finite), finite


def long(rows: pl.DataFrame) -> pl.DataFrame:
    melted = rows.cast({pl.Int64: pl.Float64}).unpivot(index="account_id", variable_name="subject")
    return melted.with_columns(segment=pl.lit("loans"))


@pytest.mark.parametrize(("start", "expected"), [(20_000, set()), (25_000, CHANGED)])
def test_the_alert_names_what_changed_and_nothing_else(loans, start, expected):
    reference, analysis = loans
    found = drift(
        long(reference.head(CHUNK)),
        long(analysis.slice(start, CHUNK)),
        DriftRules(),
        report_month="2018-10",
        model_version="v1",
    )
    alerts = found.filter(pl.col("metric") == "alert")
    assert set(alerts["subject"]) == CHANGED | SAME
    assert set(alerts.filter(pl.col("value") == 1)["subject"]) == expected

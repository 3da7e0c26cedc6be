"""Churn derived from subscriptions against logo churn that somebody else computed.

`fightchurn_crm5`: a simulated product with plans and add-ons as rows of one to twelve months, and
the churn figures of the book's own SQL. The book looks at active on the first day, not on the last.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from health_pipeline.core.calibration.labels import churn_labels
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.columns import TIMESTAMP

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "fightchurn_crm5"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"third-party data missing: {DATA}")


@pytest.fixture(scope="module")
def subscriptions():
    rows = pl.read_csv(DATA / "subscription.csv", try_parse_dates=True, infer_schema_length=None)
    return rows.with_row_index("n").select(
        source=pl.lit("billing"),
        subscription_id=pl.col("n").cast(pl.String),
        account_id=pl.col("account_id").cast(pl.String),
        starts_on=pl.col("start_date"),
        renews_on=pl.col("end_date"),
        ended_on=pl.col("end_date"),
        known_at=pl.col("start_date").cast(TIMESTAMP),
        known_assumed=pl.lit(value=True),
    )


def reference(first: date) -> tuple[int, int]:
    """Accounts at the start and churned ones, of the book's plain churn query."""
    with (DATA / "reference_churn_metrics_from_book_sql.csv").open() as lines:
        for name, start, _end, columns, values in csv.reader(lines):
            if name == "listing_2_2_churn_rate.sql" and start == first.isoformat():
                found = dict(zip(columns.split(","), values.split(","), strict=True))
                return int(found["n_start"]), int(found["n_churn"])
    raise LookupError(f"no reference for {first}")


THIRTY_DAYS = [date(2022, 4, 1), date(2022, 6, 1), date(2022, 9, 1), date(2022, 11, 1)]


@pytest.mark.parametrize("grace", [0, 30])
@pytest.mark.parametrize("first", THIRTY_DAYS)
def test_logo_churn_of_a_month_of_thirty_days(subscriptions, first, grace):
    running = (pl.col("starts_on") <= first) & (pl.col("ended_on") > first)
    population = subscriptions.filter(running).select("account_id").unique()
    found = churn_labels(
        {"subscriptions": subscriptions},
        population.with_columns(date=pl.lit(first)),
        ChurnDefinition(horizon_days=30, grace_days=grace),
        data_through=first + timedelta(days=60),
    )
    assert found["churned_within_horizon"].null_count() == 0
    assert (found.height, found["churned_within_horizon"].sum()) == reference(first)


def test_june_2022_is_the_documented_one():
    assert reference(date(2022, 6, 1)) == (246, 4)

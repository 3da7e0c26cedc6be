"""Published windows of the sample, every account, day and week, against `count(DISTINCT)`."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.landed import AGGREGATE_ACTIVITY, EVENT_ACTIVITY
from health_pipeline.orchestration.usage import USAGE_WINDOWS

COUNTED = """
    SELECT account_id, date,
        count(DISTINCT user_id) FILTER (day > observed_on - 7) AS active_users_7d,
        count(DISTINCT user_id) FILTER (day > observed_on - 30) AS active_users_30d,
        count(DISTINCT user_id) AS active_users_90d,
        count(DISTINCT user_id) FILTER (day > observed_on - 30 AND core_events > 0)
            AS core_users_30d,
        coalesce(sum(events) FILTER (day > observed_on - 7), 0) AS events_7d,
        coalesce(sum(events) FILTER (day > observed_on - 30), 0) AS events_30d,
        coalesce(sum(core_events) FILTER (day > observed_on - 30), 0) AS core_events_30d,
        count(DISTINCT day) FILTER (day > observed_on - 30) AS active_days_30d,
        coalesce(bit_or(features) FILTER (day > observed_on - 30), 0) AS features_30d,
        coalesce(bit_or(bit) FILTER (day > observed_on - 63), 0) AS active_mask_0
    FROM usage LEFT JOIN activity USING (account_id),
        LATERAL (SELECT 1::BIGINT << abs(observed_on - day) % 63 AS bit)
    WHERE known_on <= date AND day <= observed_on AND day > observed_on - 90
    GROUP BY ALL ORDER BY ALL
"""

LONGER = """
    SELECT count(*) AS rows, count(*) FILTER (
        active_mask_1 <> counted OR first_core_on IS DISTINCT FROM first_core
    ) AS wrong, count(first_core) AS with_core FROM (
        SELECT account_id, date,
            any_value(active_mask_1) AS active_mask_1, any_value(first_core_on) AS first_core_on,
            coalesce(bit_or(bit) FILTER (
                day <= observed_on - 63 AND day > observed_on - 126
            ), 0) AS counted,
            min(day) FILTER (core_events > 0) AS first_core
        FROM usage LEFT JOIN activity USING (account_id),
            LATERAL (SELECT 1::BIGINT << abs(observed_on - day) % 63 AS bit)
        WHERE known_on <= date AND active_mask_1 IS NOT NULL GROUP BY ALL
    )
"""

WEEKS = """
    WITH asked AS (
        SELECT account_id, date, observed_on, unnest(range(14))::INTEGER AS week,
            unnest(weekly_users) AS published
        FROM usage
        -- Others have counts that a source gave (usage_daily), if any.
        WHERE account_id IN (SELECT account_id FROM activity WHERE user_id IS NOT NULL)
    )
    SELECT count(*) AS weeks, count(*) FILTER (published <> counted) AS wrong FROM (
        SELECT asked.account_id, date, week, any_value(published) AS published,
            count(DISTINCT user_id) AS counted
        FROM asked LEFT JOIN activity
            ON asked.account_id = activity.account_id
            AND known_on <= date - 7 * week
            AND day <= observed_on - 7 * week AND day > observed_on - 7 * week - 7
        WHERE published IS NOT NULL GROUP BY ALL
    )
"""


@pytest.fixture(scope="module")
def published(finished):
    house = House(load_settings({}, lake=finished.lake), load_model(None))
    with house.open() as stores, duckdb.connect() as base:
        for name, tables in (
            ("usage", [USAGE_WINDOWS]),
            ("activity", [EVENT_ACTIVITY, AGGREGATE_ACTIVITY]),
        ):
            files = [str(file) for table in tables for file in stores.lake.files(table)]
            base.read_parquet(files, hive_partitioning=False).create_view(name)
        yield base


def test_windows_of_every_account_and_day(published):
    used = pl.col("active_users_90d") > 0
    counted = published.sql(COUNTED).pl().filter(used)
    usage = published.sql("FROM usage").pl().filter(used).select(counted.columns)
    assert usage.sort("account_id", "date").equals(counted.cast(dict(usage.schema)))
    assert usage.height > 100


def test_longer_memory_of_every_account_and_day(published):
    rows, wrong, with_core = published.sql(LONGER).fetchall()[0]
    assert wrong == 0
    assert rows >= with_core > 100


def test_every_week_of_every_account_and_day(published):
    weeks, wrong = published.sql(WEEKS).fetchall()[0]
    assert wrong == 0
    assert weeks > 1000

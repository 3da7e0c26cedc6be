"""The example OpenStack: windows, customers and signals against the file of commits."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.activity.windows import windows
from health_pipeline.orchestration.activity import known_activity
from health_pipeline.orchestration.house import House
from health_pipeline_tests.end_to_end.examples import EXAMPLES, LAST
from health_pipeline_tests.end_to_end.shell import health


@pytest.fixture(scope="module")
def commits(openstack):
    """The file of commits by people, with the account of each, in a database of its own."""
    assert openstack.told.code == 0, openstack.told.err
    file = openstack.sources / "events_2010_2015.csv.gz"
    xref = openstack.sql("SELECT source_account_id AS company, account_id FROM account_xref")
    with duckdb.connect() as base:
        base.register("xref", xref.to_arrow())
        base.read_csv(str(file), quotechar='"').create_view("raw")
        base.sql(
            """
            CREATE TABLE commits AS SELECT account_id, user_key, company, authored_at::DATE AS day,
            greatest(authored_at, merged_at)::DATE AS known_on, merged_at::DATE AS merged_on
            FROM raw JOIN xref USING (company) WHERE NOT is_bot
            """
        )
        yield base


def brute_force(base: duckdb.DuckDBPyConnection, day: date) -> dict[str, tuple[int, ...]]:
    """account_id → distinct people of 7, 30 and 90 days, by what was known on `day`."""
    query = """
        SELECT account_id, count(DISTINCT user_key) FILTER (day > $day::DATE - 7),
        count(DISTINCT user_key) FILTER (day > $day::DATE - 30),
        count(DISTINCT user_key) FILTER (day > $day::DATE - 90)
        FROM commits WHERE day <= $day AND known_on <= $day GROUP BY 1
    """
    rows = base.sql(query, params={"day": day}).fetchall()
    return {account: tuple(counts) for account, *counts in rows}


EVERY_DAY = """
    SELECT account_id, date, count(DISTINCT user_key) FILTER (day > date - 7) AS active_users_7d,
    count(DISTINCT user_key) FILTER (day > date - 30) AS active_users_30d,
    count(DISTINCT user_key) AS active_users_90d
    FROM (
        SELECT *, unnest(range(greatest(day, known_on), day + 90, INTERVAL 1 DAY))::DATE AS date
        FROM (SELECT DISTINCT account_id, user_key, day, known_on FROM commits)
    ) WHERE date <= DATE '2015-12-31' GROUP BY ALL
"""


def test_windows_of_every_day_are_distinct_counts_of_the_file(openstack, commits):
    """Six years, every company, every day: the range engine against `count(DISTINCT)`."""
    house = House(load_settings({}, lake=openstack.lake), load_model(EXAMPLES / "openstack"))
    first, last = date(2010, 1, 1), LAST["openstack"]
    with house.open() as stores:
        activity = known_activity(stores.lake, first, last)
    expected = commits.sql(EVERY_DAY).pl()
    found = windows(activity, first, last).select(expected.columns)
    active = found.filter(pl.col("active_users_90d") > 0)
    assert active.sort("account_id", "date").equals(expected.sort("account_id", "date"))
    assert active.height > 100_000
    quiet = found.filter(pl.col("active_users_90d") == 0)
    assert quiet.join(expected, on=["account_id", "date"], how="semi").is_empty()


def test_customers_are_companies_with_a_commit_merged_in_60_days(openstack, commits):
    scored = openstack.sql("SELECT account_id FROM health_scores WHERE date = DATE '2015-12-31'")
    expected = commits.sql(
        "SELECT DISTINCT account_id FROM commits WHERE company <> '*independent' "
        "AND merged_on > DATE '2015-12-31' - 60"
    ).fetchall()
    assert sorted(scored["account_id"]) == sorted(account for (account,) in expected)


def test_signals_are_made_of_these_windows(openstack, commits):
    expected = brute_force(commits, LAST["openstack"])
    found = openstack.sql(
        "SELECT account_id, value FROM signals "
        "WHERE date = DATE '2015-12-31' AND signal = 'stickiness' AND status = 'measured'"
    )
    assert found.height > 30
    for account, value in found.iter_rows():
        week, month, _ = expected[account]
        assert value == pytest.approx(100 * week / month)


def test_bots_are_nobody_and_people_without_a_company_are_no_customer(openstack):
    names = openstack.sql("SELECT name FROM accounts")["name"].to_list()
    assert "*robots" not in names
    assert "*independent" in names
    scored = openstack.sql("SELECT name FROM health_scores JOIN accounts USING (account_id)")
    assert "*independent" not in scored["name"].to_list()


@pytest.mark.parametrize("asked", ["Red Hat", "openstack:Red Hat"])
def test_an_account_is_explained_by_what_it_is_called(asked, openstack):
    told = health("explain", asked, "--lake", openstack.lake, "--model", EXAMPLES / "openstack")
    assert told.code == 0, told.err
    assert "Red Hat is " in told.out


def test_money_that_nobody_tells_is_not_shown_as_nothing(openstack):
    assert openstack.sql("SELECT arr FROM health_scores WHERE arr IS NOT NULL").is_empty()
    assert "ARR at risk" not in openstack.told.out

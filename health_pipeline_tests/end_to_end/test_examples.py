"""The worked examples of `docs/examples` on data that others made, as their READMEs run them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.activity.windows import windows
from health_pipeline.orchestration.activity import known_activity
from health_pipeline.orchestration.house import House
from health_pipeline_tests.end_to_end.examples import (
    AGAINST_THE_FILES,
    DATA,
    EXAMPLES,
    LAST,
    NO_SIGNAL,
    RESAVE,
    ROOT,
    run,
)
from health_pipeline_tests.end_to_end.shell import health


@pytest.fixture(scope="module")
def ravenstack(tmp_path_factory):
    """Two days of the original files."""
    home = tmp_path_factory.mktemp("ravenstack")
    return run("ravenstack", "ravenstack", home, "--from", "2024-12-30")


@pytest.fixture(scope="module")
def resave(tmp_path_factory):
    """The same two days of the files that a spreadsheet saved again."""
    home = tmp_path_factory.mktemp("resave")
    return run("ravenstack_resave", RESAVE, home, "--from", "2024-12-30")


@pytest.fixture(scope="module")
def openstack(tmp_path_factory):
    """Two days of commits, on top of six years of history."""
    home = tmp_path_factory.mktemp("openstack")
    return run("openstack", "openstack_company_activity", home, "--from", "2015-12-30")


@pytest.fixture
def finished(request):
    """The place whose name the test gives."""
    return request.getfixturevalue(request.param)


BOTH = pytest.mark.parametrize(
    ("example", "finished"), [(name, name) for name in LAST], indirect=["finished"]
)


@BOTH
def test_a_run_without_an_end_goes_to_the_last_day_of_the_data(example, finished):
    assert finished.told.code == 0, finished.told.err
    assert f"Customer health on {LAST[example]}" in finished.told.out
    assert "failed table" not in finished.told.err
    days = finished.sql("SELECT DISTINCT date FROM health_scores ORDER BY 1")["date"].to_list()
    assert days == [LAST[example] - timedelta(days=1), LAST[example]]


@BOTH
def test_good_rows_are_neither_quarantined_nor_unresolved(example, finished):
    assert "Quarantined rows: 0" in finished.told.out
    assert "Unresolved rows: 0" in finished.told.out


@BOTH
def test_signals_that_nothing_feeds_are_told_once_and_count_for_nobody(example, finished):
    lines = [text for text in finished.told.out.splitlines() if text.startswith("No source feeds")]
    assert len(lines) == 1
    assert set(lines[0].split(": ")[1].split(", ")) == NO_SIGNAL[example]
    used = finished.sql("SELECT DISTINCT signal FROM signals WHERE status <> 'not_applicable'")
    weighed = finished.sql("SELECT DISTINCT signal FROM contributions WHERE weight > 0")
    assert NO_SIGNAL[example].isdisjoint(used["signal"])
    assert set(weighed["signal"]) == set(used["signal"])


@BOTH
def test_scores_spread_over_the_tiers_and_have_their_coverage(example, finished):
    scores = finished.sql("FROM health_scores")
    assert {"green", "yellow", "red"} <= set(scores["tier"])
    assert scores.filter(pl.col("score").is_not_null())["coverage"].min() >= 0.6
    assert scores.filter(pl.col("score").is_null())["tier"].unique().to_list() in ([], ["unscored"])


@BOTH
def test_the_contradictions_of_the_readme_are_those_of_the_data(
    example, finished, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    text = (EXAMPLES / example / "README.md").read_text()
    query = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    told = dict(re.findall(r"^\| ([^|]+) \| (\d+) \|", text, re.MULTILINE))
    found = finished.sql(query[0])
    assert found.height == len(told) > 0
    assert {what: str(n) for what, n in found.iter_rows()} == told


@pytest.mark.parametrize(
    "readme", sorted(EXAMPLES.glob("*/README.md")), ids=lambda p: p.parent.name
)
def test_a_readme_names_folders_that_exist(readme, monkeypatch: pytest.MonkeyPatch):
    if not DATA.is_dir():
        pytest.skip(f"NOT TESTED: the third-party data {DATA} is missing")
    monkeypatch.chdir(ROOT)
    named = re.findall(r"(?:HEALTH_MODEL=|--sources )(\S+?)[`)\s]", readme.read_text())
    assert len(named) >= 2
    assert [path for path in named if not Path(path).is_dir()] == []


# ── RavenStack ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def files(ravenstack):
    """The raw files as views; `in_force` = paid subscriptions that run on the last day."""
    assert ravenstack.told.code == 0, ravenstack.told.err
    with duckdb.connect() as base:
        for path in ravenstack.sources.iterdir():
            base.read_csv(str(path)).create_view(path.stem.removeprefix("ravenstack_"))
        base.sql(
            """
            CREATE VIEW in_force AS FROM subscriptions WHERE NOT is_trial
            AND start_date <= DATE '2024-12-31' AND coalesce(end_date > DATE '2024-12-31', true)
            """
        )
        yield base


@pytest.mark.parametrize(
    ("why", "of_the_lake", "of_the_files"), AGAINST_THE_FILES, ids=[c[0] for c in AGAINST_THE_FILES]
)
def test_ravenstack_says_what_its_files_say(why, of_the_lake, of_the_files, ravenstack, files):
    found = sorted(ravenstack.sql(of_the_lake).rows())
    assert found == sorted(files.sql(of_the_files).fetchall()), why
    assert found


def test_trial_accounts_are_left_out_by_the_rule_and_said_to_be(ravenstack):
    assert "Not counted: 97 excluded by churn.yaml" in ravenstack.told.out


def test_a_column_that_nobody_reads_is_named(ravenstack):
    lines = ravenstack.told.err.splitlines()
    told = next(text for text in lines if text.startswith("warning subscriptions: unknown"))
    assert "plan_tier" in told
    assert "churn_flag" in told


BUT_FOR_THE_FILES = ("scored_at", "model_version")
"""When it ran, and by which mapping: these may differ between the two exports."""


@pytest.mark.parametrize("table", ["account_xref", "accounts", "health_scores", "signals"])
def test_the_resave_changes_no_score_and_no_id(table, ravenstack, resave):
    assert resave.told.code == 0, resave.told.err
    one, other = (
        place.table(table).drop(BUT_FOR_THE_FILES, strict=False) for place in (ravenstack, resave)
    )
    assert one.height >= 500
    assert other.equals(one)


def test_the_resave_has_no_model_of_its_own_but_the_mapping():
    own, other = EXAMPLES / "ravenstack_resave", EXAMPLES / "ravenstack"
    names = {path.name for path in own.glob("*.yaml")}
    assert names == {path.name for path in other.glob("*.yaml")}
    twins = {name for name in names if (own / name).read_bytes() == (other / name).read_bytes()}
    assert names - twins == {"sources.yaml"}


def test_the_resave_read_as_if_nothing_had_changed_scores_nobody(tmp_path):
    days = ("--from", "2024-12-31", "--to", "2024-12-31")
    place = run("ravenstack", RESAVE, tmp_path, *days)
    rejected = place.sql('SELECT "table", count(DISTINCT key) AS n FROM quarantine GROUP BY 1')
    assert dict(rejected.iter_rows()) == {"accounts": 500, "events": 24979, "tickets": 2000}
    assert place.sql("SELECT score FROM health_scores WHERE score IS NOT NULL").is_empty()
    assert "looks like %d-%m-%Y; set `format` in sources.yaml" in place.told.err


# ── OpenStack ────────────────────────────────────────────────────────────────────


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


AUC = [
    # why, example, lowest and highest AUC that is plausible
    ("churn at random cannot be foreseen: more would be a leak", "ravenstack", 0.35, 0.65),
    ("who falls silent was quiet before", "openstack", 0.70, 0.90),
]


@pytest.mark.torture
@pytest.mark.parametrize(("why", "example", "low", "high"), AUC, ids=[c[1] for c in AUC])
def test_monthly_knows_what_can_be_known(why, example, low, high, request):
    place = request.getfixturevalue(example)
    told = health("monthly", "--lake", place.lake, "--model", EXAMPLES / example)
    assert told.code == 0, told.err
    auc = place.sql("FROM backtests WHERE segment = 'all'").filter(subject="score", metric="auc")
    assert low <= auc["value"].item() <= high, why

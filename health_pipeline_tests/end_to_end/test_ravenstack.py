"""The example RavenStack: the lake says what the files say, however they were saved."""

from __future__ import annotations

import duckdb
import pytest

from health_pipeline_tests.end_to_end.examples import AGAINST_THE_FILES, EXAMPLES, RESAVE, run


@pytest.fixture(scope="module")
def resave(tmp_path_factory):
    """The same two days of the files that a spreadsheet saved again."""
    home = tmp_path_factory.mktemp("resave")
    return run("ravenstack_resave", RESAVE, home, "--from", "2024-12-30")


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

"""The commands around a run: help, check, tables, and arguments that cannot be."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from health_pipeline.adapters.sample.population import MAX_ACCOUNTS
from health_pipeline.config.shapes import FILES
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import health

COMMANDS = [
    # command, an option or word that its help must name
    ((), "monthly"),
    (("run",), "--from"),
    (("backfill",), "--restate"),
    (("check",), "--model"),
    (("explain",), "--json"),
    (("tables",), "--lake"),
    (("monthly",), "--month"),
    (("sample",), "--seed"),
    (("alerts",), "deliver"),
    (("alerts", "deliver"), "--lake"),
    (("alerts", "list"), "--lake"),
    (("alerts", "silence"), "--until"),
    (("alerts", "unsilence"), "SILENCE_ID"),
    (("alerts", "ack"), "--by"),
    (("alerts", "test"), "CHANNEL"),
    (("alerts", "evaluate"), "--lake"),
    (("alerts", "replay"), "--all"),
    (("plays",), "accept"),
    (("plays", "list"), "--owner"),
    (("plays", "accept"), "--by"),
    (("plays", "close"), "--outcome"),
    (("plays", "rules"), "--model"),
    (("identity",), "merge"),
    (("identity", "review"), "--limit"),
    (("identity", "merge"), "--why"),
    (("identity", "split"), "--why"),
    (("identity", "undo"), "--why"),
    (("identity", "why"), "--lake"),
    (("identity", "export"), "--out"),
    (("identity", "import"), "--lake"),
]


@pytest.mark.parametrize(("command", "word"), COMMANDS, ids=[" ".join(c[0]) for c in COMMANDS])
def test_every_command_has_help(command, word):
    told = health(*command, "--help")
    assert told.code == 0
    assert word in told.out


def test_no_command_is_untested():
    from health_pipeline.cli.app import alerts_app, app
    from health_pipeline.cli.identity import identity_app
    from health_pipeline.cli.plays import plays_app

    names = {(c.name or c.callback.__name__,) for c in app.registered_commands}
    names |= {("alerts", c.name) for c in alerts_app.registered_commands}
    names |= {("identity", c.name) for c in identity_app.registered_commands}
    names |= {("plays", c.name) for c in plays_app.registered_commands}
    assert names <= {command for command, _ in COMMANDS}


REFUSED = [
    # why, arguments, what is said
    ("the range ends before it begins", ("--from", "2025-06-30", "--to", "2025-06-29"),
     "--from 2025-06-30 lies after --to 2025-06-29"),
    ("a day as Germans write it", ("--from", "30.06.2025"), "--from 30.06.2025: not a date"),
    ("a day that does not exist", ("--to", "2025-06-31"), "--to 2025-06-31: not a date"),
    ("a word", ("--to", "today"), "--to today: not a date (write it as 2026-01-31)"),
    ("before the history of the model", ("--from", "2024-12-31", "--to", "2025-01-02"),
     "--from 2024-12-31 lies before history_start 2025-01-01"),
    ("a day that is not over", ("--to", "2199-01-01"), "--to 2199-01-01 is not over yet"),
    ("no such model", ("--model", "nowhere"), "no such folder"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "args", "said"), REFUSED, ids=[c[0] for c in REFUSED])
def test_a_run_that_cannot_be_is_refused_and_leaves_nothing(why, args, said, world, tmp_path):
    told = health("run", "--sources", world, "--lake", tmp_path / "lake", *args)
    assert told.code == 2
    assert said in told.err
    assert not list((tmp_path / "lake").rglob("*.parquet"))


MONTHS = [
    # why, month, what is said
    ("no month", "2025-13", "--month 2025-13: not a month (write it as 2026-01)"),
    ("a month that is not over", "2199-01", "--month 2199-01 is not over yet"),
    ("before the history", "2024-12", "--month 2024-12 lies before history_start 2025-01-01"),
]


@pytest.mark.parametrize(("why", "month", "said"), MONTHS, ids=[c[0] for c in MONTHS])
def test_a_month_that_cannot_be_is_refused(why, month, said, tmp_path):
    told = health("monthly", "--month", month, "--lake", tmp_path / "lake")
    assert told.code == 2
    assert said in told.err
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize("name", ["nowhere", "a_file"])
def test_sources_that_are_no_folder(name, tmp_path):
    (tmp_path / "a_file").write_text("x")
    told = health("run", "--sources", tmp_path / name, "--lake", tmp_path / "lake")
    assert told.code == 2
    assert f"{name}: no such folder (name one with --sources)" in told.err
    assert not (tmp_path / "lake").exists()


WAYS = ("run", "backfill")


@pytest.mark.parametrize("command", WAYS)
def test_a_folder_whose_tables_are_all_gone(command, small_finished, tmp_path):
    """An empty mount point is no day without use."""
    before = small_finished.manifest()
    (tmp_path / "not_mounted").mkdir()
    places = ("--sources", tmp_path / "not_mounted", "--lake", small_finished.lake)
    next_day = str(END + timedelta(days=1))
    told = health(command, *places, "--from", next_day, "--to", next_day)
    assert told.code == 2
    assert "not_mounted: no file of any table is there, but" in told.err
    assert "tables had landed from it; mount it, or correct HEALTH_SOURCES" in told.err
    assert small_finished.manifest() == before


def test_unknown_options_and_commands_are_exit_2():
    assert health("run", "--form", "2025-01-01").code == 2
    assert health("score").code == 2


BAD_MODELS = [
    # why, file, text, what is said
    ("a tier border off the scale", "scoring", "tiers: {green: 180}", "scoring.yaml:1"),
    ("not YAML", "churn", "horizon_days: [", "churn.yaml"),
    ("an unknown key", "churn", "horizon_dayz: 90\n", "horizon_dayz"),
]


@pytest.mark.parametrize(
    ("why", "file", "text", "said"), BAD_MODELS, ids=[c[0] for c in BAD_MODELS]
)
def test_check_prints_what_is_wrong_and_a_run_does_not_start(
    why, file, text, said, world, tmp_path
):
    model = tmp_path / "model"
    model.mkdir()
    (model / f"{file}.yaml").write_text(text)
    checked = health("check", "--model", model)
    assert checked.code == 2
    assert said in checked.err
    assert "nothing was run" in checked.err
    ran = health("run", "--sources", world, "--lake", tmp_path / "lake", "--model", model)
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "lake").exists()


def test_check_of_the_packaged_model():
    told = health("check")
    assert told.code == 0
    assert "the packaged model" in told.out
    assert "no errors" in told.out


def test_check_says_what_a_folder_borrows(tmp_path):
    (tmp_path / "churn.yaml").write_text("horizon_days: 60\n")
    told = health("check", "--model", tmp_path)
    assert told.code == 0, told.err
    assert all(name in told.out for name in FILES if name != "churn")


def test_tables_lists_every_promised_table(finished):
    told = health("tables", "--lake", finished.lake)
    assert told.code == 0
    for name in RESULT_TABLES:
        assert any(name in line and "promised" in line for line in told.out.splitlines()), name
    scores = next(line for line in told.out.splitlines() if "health_scores" in line)
    counted = finished.sql("select count(*) as n, count(distinct date) as d from health_scores")
    assert f"{counted['n'][0]:,}" in scores
    assert f"({counted['d'][0]})" in scores


NOTHING = "nothing is scored yet; run `health run` first"
EMPTY = [
    # what is asked of a lake in which nothing was published, exit code, what is said
    (("tables",), 0, "health_scores"),
    (("explain", "anyone"), 1, NOTHING),
    (("monthly",), 1, NOTHING),
    (("monthly", "--month", "2025-01"), 1, NOTHING),
    (("plays", "list"), 0, "No play is open."),
    (("plays", "accept", "abc"), 2, "no play has the id abc"),
    (("plays", "close", "abc", "--outcome", "done"), 2, "no play has the id abc"),
    (("alerts", "list"), 0, "No alert is in force."),
    (("alerts", "evaluate"), 0, "nothing published yet"),
    (("alerts", "deliver"), 0, "nothing published yet"),
    (("alerts", "replay", "--all"), 0, "0 brought back"),
    (("identity", "review"), 0, "No pair is undecided."),
    (("identity", "why", "crm", "1"), 2, "no record crm:1 is known"),
    (("identity", "merge", "a", "b", "--why", "x"), 2, "no account or record is called a"),
    (("identity", "undo", "1", "--why", "x"), 2, "none was ever made"),
    (("identity", "export"), 0, "decisions: []"),
]


@pytest.mark.parametrize(("asked", "code", "said"), EMPTY, ids=[" ".join(c[0]) for c in EMPTY])
def test_an_empty_lake_is_told_in_words(asked, code, said, tmp_path):
    told = health(*asked, "--lake", tmp_path / "lake")
    assert (told.code, said in told.out + told.err) == (code, True), told


def test_tables_names_no_views_that_are_not_there(finished, tmp_path):
    assert "SQL: duckdb" in health("tables", "--lake", finished.lake).out
    assert "SQL: duckdb" not in health("tables", "--lake", tmp_path / "lake").out


def test_a_sample_never_replaces_what_it_did_not_write(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    told = health("sample", "--out", tmp_path / "mine", "--accounts", 2, "--months", 1)
    assert told.code == 1
    assert "thesis.txt" in told.err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_sample_has_as_many_accounts_as_there_are_names(tmp_path):
    told = health("sample", "--out", tmp_path / "mine", "--accounts", MAX_ACCOUNTS + 1)
    assert told.code == 2
    assert f"x<={MAX_ACCOUNTS}" in told.err
    assert not (tmp_path / "mine").exists()


def test_the_installed_command_is_the_same(tmp_path):
    command = Path(sys.executable).with_name("health")
    done = subprocess.run(
        [command, "check", "--model", tmp_path / "none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no such folder" in done.stderr

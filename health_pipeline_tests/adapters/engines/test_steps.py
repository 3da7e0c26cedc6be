"""The SQL files say what they read and take, and every one of them is a step."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from importlib.resources import files

import polars as pl
import pytest

from health_pipeline.adapters.engines import duckdb, steps
from health_pipeline.core.activity.params import ActivityRules

STEPS = (*steps.VIEWS, *steps.TABLES, *steps.RESULTS)
SQL = {
    path.name.removesuffix(".sql"): path.read_text("utf-8")
    for path in files("health_pipeline.core.activity").iterdir()
    if path.name.endswith(".sql")
}
INPUTS = ("raw_events", "user_links", "account_links", "feature_map", "event_map", "claimed_days")


def parts(step: str) -> tuple[str, str]:
    """The comment that opens a step, and its statement without comments."""
    header = re.match(r"(?:--.*\n)+", SQL[step])
    assert header, f"{step}.sql opens with what it does"
    body = SQL[step][header.end() :]
    return header.group(), re.sub(r"--.*", "", body)


def test_every_file_is_a_step():
    assert sorted(SQL) == sorted(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_tells_what_it_reads_and_takes(step):
    header, body = parts(step)
    assert re.search(r"^-- Gives ", header, re.MULTILINE), "Gives"
    reads = re.search(r"^-- Reads (.*?)(?=^-- (?:Params|Gives))", header, re.MULTILINE | re.DOTALL)
    assert reads, "Reads"
    known = [name for name in (*INPUTS, *STEPS) if name != step]
    tables = {name for name in known if re.search(rf"(?:from|join) {name}\b", body)}
    told = {name for name in known if re.search(rf"\b{name}\b", reads.group(1))}
    assert tables == told
    params = set(re.findall(r"\$\w+", body))
    assert params == set(re.findall(r"\$\w+", header))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_reads_only_what_stands_before_it(step):
    _, body = parts(step)
    later = STEPS[STEPS.index(step) :]
    assert not [name for name in later if re.search(rf"(?:from|join) {name}\b", body)]


@pytest.mark.parametrize("step", STEPS)
def test_parameters_are_literals_that_every_engine_reads(step):
    rules = ActivityRules(lookback_days=3, first_valid_year=2010)
    text = steps.sql(step, rules, date(2026, 1, 5), date(2026, 1, 31))
    assert "$" not in text
    dates = set(re.findall(r"date '([^']*)'", text))
    assert dates <= {"2010-01-01", "2026-01-05", "2026-02-01"}, "the range ends before its next day"


def test_inputs_hold_no_more_than_the_steps_join():
    names = ("source", "source_user_id", "account_id", "user_id", "rule")
    linked_at = datetime(2026, 1, 5, 23, tzinfo=UTC)
    links = pl.DataFrame([("x",) * 5 + (linked_at,)], schema=[*names, "linked_at"], orient="row")
    xref = links.rename({"source_user_id": "source_account_id"})
    found = steps.inputs(links, xref, ActivityRules(), [date(2026, 1, 5)])
    assert sorted(found) == sorted(set(INPUTS) - {"raw_events"})
    assert "rule" not in found["user_links"].columns
    assert found["user_links"]["counts_on"].to_list() == [date(2026, 1, 5)]
    later = links.with_columns(counts_on=date(2026, 1, 9))
    found = steps.inputs(later, xref, ActivityRules(), [date(2026, 1, 5)])
    assert found["user_links"]["counts_on"].to_list() == [date(2026, 1, 9)]


def test_duckdb_names_what_engines_name_differently():
    defined = re.findall(r"MACRO (\w+)\(", " ".join(duckdb.FUNCTIONS))
    assert sorted(defined) == sorted(steps.FUNCTIONS)
    used = {name for name in steps.FUNCTIONS if any(f"{name}(" in text for text in SQL.values())}
    assert used == set(steps.FUNCTIONS)

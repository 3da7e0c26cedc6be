"""As of day D counts what was known by its end: what becomes known later changes nothing of it."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.core.schemas.time import days_between
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import add, rows_of, small, write_as_of
from health_pipeline_tests.end_to_end.shell import Place

D = END - timedelta(days=7)
DAYS = days_between(D - timedelta(days=1), D)
JUDGED = (
    *("segments", "signals", "driver_states", "driver_transitions", "health_scores"),
    *("contributions", "baselines", "reason_codes", "narratives", "plays"),
)
LATER = "2025-06-26T12:00:00Z"
"""When the rows below become known; they speak of days before `D`."""


def _told_later(folder, table, **changes):
    """A later version of every row of `table`."""
    rows = rows_of(folder, table).filter(~pl.any_horizontal(pl.col("source").is_null()))
    later = [row | changes | {"known_at": LATER} for row in rows.iter_rows(named=True)]
    add(folder, table, *later)


def _accounts(folder):
    _told_later(folder, "accounts", plan="Enterprise", region="APAC", customer_tier="internal")


def _subscriptions(folder):
    _told_later(folder, "subscriptions", seats="1", ended_on="2025-06-01", status="ended")


def _tickets(folder):
    _told_later(
        folder, "tickets", escalated_at="2025-06-20T09:00:00Z", reopened_at="2025-06-21T09:00:00Z"
    )


def _milestones(folder):
    _told_later(folder, "milestones", due_on="2025-01-01", original_due_on="2025-01-01")


def _invoices(folder):
    _told_later(folder, "invoices", due_on="2025-04-01", paid_on="")


def _sentiments(folder):
    _told_later(folder, "sentiments", score="1")


def _engagements(folder):
    for n, row in enumerate(rows_of(folder, "engagements").iter_rows(named=True)):
        if n < 20:
            new = {"engagement_id": f"late-{n}", "occurred_at": "2025-06-22T09:00:00Z"}
            add(folder, "engagements", row | new | {"known_at": LATER})


def _outcomes(folder):
    accounts = rows_of(folder, "subscriptions")["source_account_id"].unique()
    add(
        folder,
        "outcomes",
        *(
            {
                "source": "billing",
                "outcome_id": f"late-{account}",
                "source_account_id": account,
                "occurred_on": "2025-06-10",
                "kind": "logo_loss",
                "known_at": LATER,
            }
            for account in accounts.drop_nulls()
        ),
    )


def _events(folder):
    """Every event of the last days before D once more, under another id, received later."""
    path = folder / "events" / "2025-06.parquet"
    rows = pl.read_parquet(path)
    before = rows.filter(pl.col("occurred_at").dt.date().is_between(D - timedelta(days=20), D))
    late = before.with_columns(
        (pl.col("event_id") + "-late").alias("event_id"),
        pl.lit(LATER).str.to_datetime("%+").cast(rows.schema["received_at"]).alias("received_at"),
    )
    pl.concat([rows, late]).write_parquet(path)


LATE = [_accounts, _subscriptions, _tickets, _milestones, _invoices]
LATE += [_sentiments, _engagements, _outcomes, _events]


@pytest.fixture(scope="module")
def then(tmp_path_factory):
    """Two days to D, run at D, by sources as they stood at D."""
    home = tmp_path_factory.mktemp("then")
    place = Place(home, write_as_of(small(END), home / "sources", D))
    told = place.run_days(DAYS[0], D)
    assert told.code == 0, told.err
    return place


def _differing(place, other):
    return [name for name in JUDGED if not place.table(name).equals(other.table(name))]


def _run_later(home, *late):
    """The same two days, run for the first time by sources that hold all that came later."""
    place = Place(home, write_as_of(small(END), home / "sources", END))
    for told_later in late:
        told_later(place.sources)
    told = place.run_days(DAYS[0], D)
    assert told.code == 0, told.err
    return place


def test_there_is_something_to_judge(then):
    assert then.table("health_scores")["score"].drop_nulls().len() >= 5
    assert then.table("health_scores")["date"].unique().to_list() == DAYS


def test_what_happens_in_the_week_after_changes_nothing(then, tmp_path):
    assert _differing(then, _run_later(tmp_path)) == []


def test_what_is_told_later_of_days_before_changes_nothing(then, tmp_path):
    assert _differing(then, _run_later(tmp_path, *LATE)) == []


@pytest.mark.torture
@pytest.mark.parametrize("late", LATE, ids=lambda late: late.__name__)
def test_what_is_told_later_table_by_table(late, then, tmp_path):
    assert _differing(then, _run_later(tmp_path, late)) == []


def test_later_rows_do_change_the_day_on_which_they_are_known(then):
    """The counter-check: the rows above are heard, only not before their time."""
    before = {name: then.table(name) for name in JUDGED if name != "baselines"}
    visible = [row for row in then.manifest() if "" < row[1] <= D.isoformat()]
    write_as_of(small(END), then.sources, END)
    for told_later in LATE:
        told_later(then.sources)
    told = then.run_days(D + timedelta(days=1), END)
    assert told.code == 0, told.err
    assert re.search(r"Not counted: \d+ excluded by churn.yaml, [1-9]\d* ended", told.out)
    published = [row for row in then.manifest() if "" < row[1] <= D.isoformat()]
    landing = [row for row in published if row[0] == "landing/events"]
    assert [row for row in published if row not in landing] == [
        row for row in visible if row[0] != "landing/events"
    ], "published days stay as they were published"
    for name, rows in before.items():
        if "date" in rows.columns:
            assert then.table(name).filter(pl.col("date") <= D).equals(rows), name
    after = then.table("health_scores").filter(pl.col("date") == END)
    assert after["account_id"].n_unique() < before["health_scores"]["account_id"].n_unique(), (
        "the losses told later end the accounts from the day they are known"
    )

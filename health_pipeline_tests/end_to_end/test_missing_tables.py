"""A table that nobody hands in is never a zero: its signals are out for everyone, the rest stay."""

from __future__ import annotations

import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.folders import copy_of
from health_pipeline_tests.end_to_end.shell import Place

USE = ("core_depth", "key_features", "seats_active_7d", "seats_active_30d")
FALLING = ("quiet_churn", "escalations_while_usage_falls")
USE_OF_USERS = (
    *USE, *FALLING,
    "stickiness", "usage_trend", "burst_gap", "friction_at_high_usage",
    "weekly_cadence", "user_time_to_first_value",
)  # fmt: skip

STARVED = {
    # tables that are left out together: signals that nothing else can feed
    ("events", "usage_daily"): USE_OF_USERS,
    ("subscriptions",): (
        "seat_utilisation",
        "seats_active_7d",
        "seats_active_30d",
        "friction_at_high_usage",
        "commercial_trend",
    ),
    ("tickets",): (
        *FALLING,
        "escalations",
        "first_response_time",
        "open_tickets",
        "reopen_rate",
        "resolution_time",
        "ticket_volume",
    ),
    ("milestones",): (
        "milestone_completion",
        "onboarding_milestones",
        "onboarding_stage",
        "stalled_onboarding",
    ),
    ("engagements",): ("sponsor_engagement",),
    ("invoices",): ("failed_payments", "overdue_invoices"),
    ("sentiments",): ("sentiment",),
    ("users",): ("seat_utilisation", "sponsor_left", "user_time_to_first_value"),
    ("integrations",): ("integrations",),
    ("renewals",): ("procurement_flags",),
    ("surveys", "tickets"): ("survey_satisfaction",),
    ("seat_requests",): ("seat_reduction_requests",),
}
HELPS = {"outcomes"}
"""Read where it is there (what an amount was before it changed); nothing waits for it."""

OTHERWISE = {
    "milestones": ("time_to_first_value",),
    "events": ("time_to_first_value",),
    "tickets": ("survey_satisfaction",),
}
"""Signals that go on without the table: no kickoff is known but the contract's, no first value but
that of a milestone, no answer but those to surveys.
"""

READ = {name for names in STARVED for name in names} | HELPS
UNREAD = sorted(set(SOURCE_TABLES) - READ - {"accounts"})
"""No signal of the packaged model reads these."""


def test_a_signal_names_the_tables_that_starve_it():
    reads = {spec.name: set(spec.reads) for spec in load_model().signals}
    for tables, names in STARVED.items():
        for name in names:
            assert reads[name] & set(tables), name
    for table, names in OTHERWISE.items():
        assert all(table in reads[name] for name in names)
    assert set().union(*reads.values()) == READ


TOGETHER = [
    # table sets whose signals are strangers to each other, so that one run shows several
    [("tickets",), ("engagements",), ("invoices",), ("surveys", "tickets")],
    [("milestones",), ("sentiments",), ("integrations",), ("renewals",), ("seat_requests",)],
    [("users",)],
    [("subscriptions",)],
    [("events", "usage_daily")],
]
ALONE = [[tables] for tables in STARVED if [tables] not in TOGETHER]


def _statuses(place):
    """Signal → status → accounts."""
    counted = place.table("signals").group_by("signal", "status").len()
    found = {}
    for signal, status, accounts in counted.iter_rows():
        found.setdefault(signal, {})[status] = accounts
    return found


@pytest.fixture(scope="module")
def whole(small_finished):
    return _statuses(small_finished)


@pytest.mark.parametrize(
    "sets", [*TOGETHER, *(pytest.param(one, marks=pytest.mark.torture) for one in ALONE)], ids=str
)
def test_signals_without_a_source_are_not_applicable(sets, whole, small_world, tmp_path):
    absent = tuple(dict.fromkeys(name for tables in sets for name in tables))
    starved = {
        name for tables, names in STARVED.items() if set(tables) <= set(absent) for name in names
    }
    place = Place(tmp_path, copy_of(small_world, tmp_path / "sources", without=absent))
    told = place.run_days(END, END)
    assert told.code == 0, told.err
    found = _statuses(place)
    assert {signal for signal in found if set(found[signal]) == {"not_applicable"}} == starved
    assert f"count for nobody: {', '.join(sorted(starved))}\n" in told.out
    # Some are out for single accounts: time_to_first_value for who is long past it.
    assert place.table("signals").filter(status="not_applicable")["value"].null_count() == sum(
        counts.get("not_applicable", 0) for counts in found.values()
    )
    weights = place.table("contributions").filter(status="not_applicable")["weight"]
    assert set(weights) == {0.0}
    if "subscriptions" not in absent:  # without them others are customers
        other = {signal for name in absent for signal in OTHERWISE.get(name, ())}
        rest = {s: counts for s, counts in found.items() if s not in starved | other}
        assert rest == {signal: whole[signal] for signal in rest}


def test_what_no_signal_reads_changes_no_score(small_finished, small_world, tmp_path):
    folder = copy_of(small_world, tmp_path / "sources", without=tuple(UNREAD))
    place = Place(tmp_path, folder)
    assert place.run_days(END, END).code == 0
    for table in ("signals", "contributions", "health_scores"):
        assert (
            place.table(table)
            .drop("model_version", strict=False)
            .equals(small_finished.table(table).drop("model_version", strict=False))
        ), table


def test_without_accounts_the_other_tables_still_make_accounts(small_world, tmp_path):
    place = Place(tmp_path, copy_of(small_world, tmp_path / "sources", without=("accounts",)))
    told = place.run_days(END, END)
    assert told.code == 0, told.err
    assert place.table("health_scores").height > 0
    assert place.sql("from signals where value = 0 and status <> 'measured'").is_empty()

"""Labels: the edges of the horizon, what counts, what cannot be known yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.calibration.labels import NO_EVENT, churn_labels, label_basis
from health_pipeline.core.schemas.churn import ChurnDefinition
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES

T = date(2025, 3, 31)
H90 = ChurnDefinition()
LATE = date(2026, 1, 31)
ALL = ChurnDefinition(events=("logo_loss", "non_renewal", "contraction"))


def day(n: int) -> date:
    return T + timedelta(days=n)


def landed(name: str, *rows: dict) -> pl.DataFrame:
    """Rows of one account as landing leaves them."""
    contract = SOURCE_TABLES[name]
    first = "occurred_on" if name == "outcomes" else "starts_on"
    full = []
    for n, row in enumerate(rows):
        known = row.get("known_on", row[first])
        given = {k: v for k, v in row.items() if k not in ("known_on", "account_id")}
        full.append(
            {contract.key[0]: "crm", contract.key[1]: str(n), **given}
            | {"account_id": row.get("account_id", "a"), "known_assumed": "known_on" not in row}
            | {"known_at": datetime.combine(known, datetime.max.time(), tzinfo=UTC)}
        )
    types = {k: v for k, v in contract.schema.items() if k in {c for r in full for c in r}}
    return pl.DataFrame(full, schema_overrides=types, infer_schema_length=None)


def outcome(n: int, kind: str, **more) -> pl.DataFrame:
    return landed("outcomes", {"occurred_on": day(n), "kind": kind, **more})


def money(before: float, after: float) -> dict:
    return {"arr_before": before, "arr_after": after}


def label(tables: dict, churn: ChurnDefinition = H90, through: date = LATE, t: date = T) -> dict:
    population = pl.DataFrame({"account_id": ["a"], "date": [t]})
    return churn_labels(tables, population, churn, through).row(0, named=True)


OUTCOMES = [
    ("the first day of the horizon", outcome(1, "logo_loss"), H90, True),
    ("an event at t + H counts", outcome(90, "non_renewal"), H90, True),
    ("an event one day later does not", outcome(91, "non_renewal"), H90, False),
    ("an event at t does not", outcome(0, "logo_loss"), H90, False),
    ("a short horizon", outcome(31, "logo_loss"), ChurnDefinition(horizon_days=30), False),
    (
        "an event that is off",
        outcome(5, "logo_loss"),
        ChurnDefinition(events=("non_renewal",)),
        False,
    ),
    ("a contraction is off by default", outcome(5, "contraction", **money(100, 10)), H90, False),
    (
        "a fall of exactly the threshold",
        outcome(5, "contraction", **money(1000.1, 700.07)),
        ALL,
        True,
    ),
    ("a smaller fall", outcome(5, "contraction", **money(1000, 701)), ALL, False),
    ("a fall without figures cannot be told", outcome(5, "contraction"), ALL, None),
    (
        "ARR speaks against the kind: no fall",
        outcome(5, "contraction", **money(100, 100)),
        ALL,
        False,
    ),
    ("ARR speaks against the kind: a fall", outcome(5, "renewal", **money(100, 50)), ALL, True),
    ("ARR of zero is a loss", outcome(5, "contraction", **money(100, 0)), H90, True),
    ("a renewal is none", outcome(5, "renewal", **money(100, 100)), ALL, False),
    ("nor is that of a free plan", outcome(5, "renewal", **money(0, 0)), ALL, False),
    ("nothing after is a loss, whatever was before", outcome(5, "renewal", arr_after=0), ALL, True),
]


@pytest.mark.parametrize(("why", "outcomes", "churn", "expected"), OUTCOMES)
def test_outcomes_in_the_horizon(why, outcomes, churn, expected):
    found = label({"outcomes": outcomes}, churn)
    assert found["churned_within_horizon"] is expected, why
    assert found["censored"] is (expected is None), why


SUCCESSES = [
    ("taken as given", outcome(5, "expansion"), "expansion"),
    ("more ARR, though called a renewal", outcome(5, "renewal", **money(100, 120)), "expansion"),
    ("the same ARR is a renewal", outcome(5, "expansion", **money(100, 100)), None),
    ("less is a contraction", outcome(5, "expansion", **money(100, 90)), None),
    (
        "of several years, at the same ARR",
        outcome(5, "multi_year_renewal", **money(100, 100)),
        "multi_year_renewal",
    ),
]


@pytest.mark.parametrize(("why", "outcomes", "expected"), SUCCESSES)
def test_what_is_a_success(why, outcomes, expected):
    assert label({"outcomes": outcomes})["counterweight"] == expected, why


def term(start: int, end: int | None, **more) -> dict:
    """A term; it was to run a year unless said otherwise."""
    ended = None if end is None else day(end)
    return {"starts_on": day(start), "renews_on": day(start + 365), "ended_on": ended, **more}


SUBSCRIPTIONS = [
    ("ended at the term's end", (term(-325, 40),), LATE, (True, "non_renewal")),
    ("ended before it", (term(-100, 40),), LATE, (True, "logo_loss")),
    (
        "a term told in months",
        (term(-325, 40, renews_on=None, term_months=12),),
        LATE,
        (True, "non_renewal"),
    ),
    ("no end of the term is known", (term(-325, 40, renews_on=None),), LATE, (True, "logo_loss")),
    ("a new term on the last day of grace", (term(-300, 40), term(70, None)), LATE, (False, None)),
    ("a new term one day too late", (term(-300, 40), term(71, None)), LATE, (True, "logo_loss")),
    ("an add-on ends, the plan runs on", (term(-300, 40), term(-200, None)), LATE, (False, None)),
    (
        "two add-ons end with a gap between them, the plan runs on",
        (term(-300, None), term(-200, -100), term(20, 40)),
        LATE,
        (False, None),
    ),
    (
        "an earlier row that outlasts a later one",
        (term(-200, 80), term(-20, 40)),
        LATE,
        (True, "logo_loss"),
    ),
    (
        "another account's row is no renewal",
        (term(-300, 40), term(50, None, account_id="b")),
        LATE,
        (True, "logo_loss"),
    ),
    (
        "a row that never ran is no renewal",
        (term(-300, 40), term(50, 50)),
        LATE,
        (True, "logo_loss"),
    ),
    ("still running", (term(-300, None),), LATE, (False, None)),
    ("within its grace nothing is certain", (term(-200, 85),), day(114), (None, None)),
    ("grace over", (term(-200, 85),), day(115), (True, "logo_loss")),
    ("an end after the data is not known", (term(-200, 85),), day(84), (None, None)),
]


@pytest.mark.parametrize(("why", "terms", "through", "expected"), SUBSCRIPTIONS)
def test_ended_subscriptions_without_outcomes(why, terms, through, expected):
    found = label({"subscriptions": landed("subscriptions", *terms)}, through=through)
    assert (found["churned_within_horizon"], found["event_kind"]) == expected, why


CENSORING = [
    ("the horizon ends with the data", 90, False),
    ("the horizon ends a day after the data", 89, None),
]


@pytest.mark.parametrize(("why", "through", "expected"), CENSORING)
def test_a_horizon_past_the_data_is_null(why, through, expected):
    found = label({"outcomes": outcome(-200, "renewal")}, through=day(through))
    assert found["churned_within_horizon"] is expected, why
    assert found["censored"] is (expected is None)
    assert found["label_known_through"] == day(through)


def test_an_event_in_a_horizon_past_the_data_still_counts():
    assert label({"outcomes": outcome(5, "logo_loss")}, through=day(10))["churned_within_horizon"]


def test_what_became_known_after_the_data_is_not_read():
    late = outcome(5, "logo_loss", known_on=day(200))
    assert label({"outcomes": late}, through=day(199))["churned_within_horizon"] is False
    assert label({"outcomes": late}, through=day(200))["churned_within_horizon"] is True


def test_the_earliest_event_and_all_its_dates_are_kept():
    rows = landed(
        "outcomes",
        {"occurred_on": day(60), "kind": "logo_loss"},
        {"occurred_on": day(20), "kind": "non_renewal", "notice_on": day(-10), "known_on": day(25)},
        {"occurred_on": day(30), "kind": "expansion"},
    )
    found = label({"outcomes": rows})
    expected = {
        "effective_on": day(20),
        "notice_on": day(-10),
        "known_on": day(25),
        "days_to_event": 20,
        "event_kind": "non_renewal",
        "counterweight": "expansion",
        "horizon_days": 90,
    }
    assert {name: found[name] for name in expected} == expected


SAME_DAY = [
    (
        "who left did not only shrink",
        "outcomes",
        [{"occurred_on": day(9), "kind": kind} | money(100, n) for kind, n in
         (("contraction", 10), ("logo_loss", 0))],
        ("logo_loss", None),
    ),
    (
        "of two successes the first by name",
        "outcomes",
        [{"occurred_on": day(9), "kind": kind} for kind in ("multi_year_renewal", "expansion")],
        (None, "expansion"),
    ),
    (
        "of two terms that end together the last by id",
        "subscriptions",
        [term(-100, 9, renews_on=day(renews)) for renews in (9, 90)],
        ("logo_loss", None),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "table", "rows", "expected"), SAME_DAY)
def test_what_falls_on_one_day_is_told_alike_in_any_order(why, table, rows, expected):
    frame = landed(table, *rows)
    for told in (frame, frame.reverse()):
        found = label({table: told}, ALL)
        assert (found["event_kind"], found["counterweight"]) == expected, why


NOTICES = [
    ("of the event, from the subscription", 40, -5, 90, day(-5)),
    ("open at t, the event beyond the horizon", 120, -5, 90, day(-5)),
    ("given after t, the event beyond the horizon", 120, 5, 90, None),
    ("of an older term that was renewed after all", 40, -350, -330, None),
]


@pytest.mark.parametrize(("why", "event", "notice", "term_ends", "expected"), NOTICES)
def test_a_notice_is_kept_with_its_term(why, event, notice, term_ends, expected):
    subscription = term(-400, None, renews_on=day(term_ends), cancellation_notice_on=day(notice))
    if term_ends == 90:
        subscription["ended_on"] = day(event)
    tables = {
        "outcomes": outcome(event, "non_renewal"),
        "subscriptions": landed("subscriptions", subscription),
    }
    assert label(tables)["notice_on"] == expected, why


def test_a_loss_by_arr_inside_a_running_term_is_a_logo_loss():
    tables = {
        "outcomes": outcome(40, "contraction", **money(100, 0)),
        "subscriptions": landed("subscriptions", term(-100, None)),
    }
    assert label(tables)["event_kind"] == "logo_loss"
    tables["subscriptions"] = landed("subscriptions", term(-325, None))
    assert label(tables)["event_kind"] == "non_renewal"


BASES = [
    ("outcomes", {"outcomes", "subscriptions"}, "churn events are read from outcomes"),
    ("nothing", {"events"}, NO_EVENT),
    (
        "subscriptions",
        {"subscriptions"},
        (
            "churn events are read from ended subscriptions; contraction, expansion, "
            "multi_year_renewal cannot be seen without an outcomes table"
        ),
    ),
]


@pytest.mark.parametrize(("why", "connected", "words"), BASES)
def test_the_basis_is_said(why, connected, words):
    tables = dict.fromkeys(connected, pl.DataFrame())
    assert label_basis(tables, ALL) == words, why


def test_activity_alone_makes_no_label():
    population = pl.DataFrame({"account_id": ["a"], "date": [T]})
    found = churn_labels({"events": pl.DataFrame()}, population, H90, LATE)
    assert found.is_empty()
    assert found.schema == RESULT_TABLES["churn_labels"].columns


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-200, 200), max_size=6), st.integers(-100, 100), st.integers(0, 200))
def test_the_label_is_the_definition(events, at, data_days):
    """For any events: True iff one lies in (t, t + H] by the end of the data; null iff unknown."""
    t, through = day(at), day(data_days)
    rows = [{"occurred_on": day(n), "kind": "logo_loss"} for n in events]
    if not rows:
        rows = [{"occurred_on": day(-300), "kind": "renewal"}]
    found = label({"outcomes": landed("outcomes", *rows)}, through=through, t=t)
    hit = [n for n in events if 0 < n - at <= 90 and n <= data_days]
    expected = True if hit else (False if at + 90 <= data_days else None)
    assert found["churned_within_horizon"] is expected
    assert found["days_to_event"] == (min(hit) - at if hit else None)

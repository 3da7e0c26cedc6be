"""Laws of all kinds, on worlds that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from health_pipeline.core.schemas.day import WEEKS, DayView, FeatureInfo
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.core.signals.kind import kinds
from health_pipeline_tests.core.signals.worlds import account, at, on, spec, weeks, window, world

NAMES = [f"n{number}" for number in range(7)]
NAME = st.sampled_from(NAMES)
FEATURES = (FeatureInfo("api", 0, key=True), FeatureInfo("sso", 1, key=True, plans=("Growth",)))
AGE = st.integers(0, 130)
DATED = st.integers(-40, 130)
"""Plans may lie ahead."""

COMPARED = [
    "usage_trend", "quiet_churn", "escalations_while_usage_falls",  # with peers
    "ticket_volume", "time_to_first_value",  # with how long anybody was recorded
]  # fmt: skip

SPECS = [spec(name) for name in kinds()]
SOME = st.integers(0, 40)


def rows_of(**columns):
    row = st.fixed_dictionaries({"account_id": NAME, **columns})
    return st.lists(row, max_size=12)


def maybe(strategy):
    return st.none() | strategy


def _observed(key):
    """One observation; of an integration of one account, and at one moment only one (its key)."""
    account_id, name, days_ago = key
    return st.fixed_dictionaries(
        {
            "account_id": st.just(account_id),
            "source": st.just("product"),
            "integration_id": st.just(f"{account_id}-{name}"),
            "name": st.just(name),
            "observed_at": st.just(at(days_ago)),
            "is_crucial": maybe(st.booleans()),
            "status": st.sampled_from(["ok", "degraded", "failed"]),
            "last_synced_at": maybe(AGE.map(at)),
            "expected_sync_hours": maybe(st.sampled_from([0.0, 24.0])),
        }
    )


PERSON = st.sampled_from(["x@a.test", "y@a.test"])
TABLES = st.fixed_dictionaries(
    {
        "subscriptions": rows_of(
            subscription_id=st.sampled_from(["S-1", "S-2"]),
            seats=SOME,
            arr=maybe(SOME.map(Decimal)),
            currency=maybe(st.sampled_from(["USD", "usd", "EUR"])),
            starts_on=st.integers(0, 400).map(on),
            ended_on=maybe(st.integers(0, 400).map(on)),
        ),
        "users": rows_of(
            source=st.sampled_from(["product", "crm"]),
            user_id=st.sampled_from(["u", "v", "w"]),
            email=maybe(PERSON),
            is_sponsor=maybe(st.booleans()),
            deactivated_at=maybe(AGE.map(at)),
        ),
        "tickets": rows_of(
            source=st.sampled_from(["desk", "chat"]),
            opened_at=AGE.map(at),
            first_responded_at=maybe(AGE.map(at)),
            resolved_at=maybe(AGE.map(at)),
            reopened_at=maybe(AGE.map(at)),
            escalated_at=maybe(AGE.map(at)),
        ),
        "milestones": rows_of(
            name=st.sampled_from(["Kickoff", "Go-live"]),
            is_onboarding=maybe(st.booleans()),
            starts_on=maybe(DATED.map(on)),
            due_on=maybe(DATED.map(on)),
            original_due_on=maybe(DATED.map(on)),
            completed_on=maybe(AGE.map(on)),
        ),
        "engagements": rows_of(
            occurred_at=AGE.map(at),
            kind=st.sampled_from(["email", "meeting"]),
            contact_email=maybe(PERSON),
            contact_is_sponsor=maybe(st.booleans()),
            direction=maybe(st.sampled_from(["in", "out"])),
        ),
        "invoices": rows_of(
            invoice_id=st.sampled_from(["I-1", "I-2"]),
            due_on=DATED.map(on),
            amount=st.integers(-5, 50).map(Decimal),
            paid_on=maybe(AGE.map(on)),
            voided_on=maybe(AGE.map(on)),
            failed_attempts=maybe(st.integers(0, 3)),
            last_failed_at=maybe(AGE.map(at)),
        ),
        "seat_requests": rows_of(requested_on=AGE.map(on), seats=st.integers(-9, 9)),
        "renewals": rows_of(
            kind=st.sampled_from(["renewal", "expansion"]),
            close_on=DATED.map(on),
            closed_on=maybe(AGE.map(on)),
            stage=maybe(st.sampled_from(["open", "won", "lost"])),
            procurement_flag=maybe(st.booleans()),
        ),
        "integrations": st.lists(
            st.tuples(NAME, st.sampled_from(["x", "y"]), st.integers(0, 40)).flatmap(_observed),
            max_size=12,
            unique_by=lambda row: (row["integration_id"], row["observed_at"]),
        ),
        "sentiments": rows_of(recorded_at=AGE.map(at), score=st.integers(1, 5).map(float)),
    }
)


@st.composite
def days(draw) -> DayView:
    names = draw(st.permutations(NAMES))
    accounts, windows = [], []
    for name in names:
        plan = draw(maybe(st.sampled_from(["Starter", "Growth"])))
        shown = draw(st.booleans())
        accounts.append(account(name, plan=plan, seats=draw(maybe(SOME)), has_usage=shown))
        if shown:
            masks = (draw(maybe(st.integers(0, 2**63 - 1))) for _ in range(2))
            columns: dict[str, Any] = {
                **dict(zip(("active_mask_0", "active_mask_1"), masks, strict=True)),
                "first_core_on": draw(maybe(AGE.map(on))),
            }
            keys = ("active_users_7d", "active_users_30d", "core_events_30d", "features_30d")
            columns |= {key: draw(maybe(SOME)) for key in keys}
            columns["weekly_users"] = weeks(draw(st.lists(maybe(SOME), max_size=WEEKS)))
            windows.append(window(name, observed_on=on(draw(st.integers(0, 20))), **columns))
    provided = {
        "subscriptions": {"seats", "arr"},
        "users": {"email", "is_sponsor", "deactivated_at"},
        "tickets": {"first_responded_at", "resolved_at", "reopened_at", "escalated_at"},
        "milestones": {"due_on", "completed_on"},
        "engagements": {"contact_is_sponsor", "contact_email"},
        "invoices": {"paid_on", "failed_attempts"},
        "renewals": {"procurement_flag"},
        "integrations": {"is_crucial"},
    }
    return world(draw(TABLES), accounts, windows, provided, FEATURES)


def changed(view: DayView, change: Callable[[pl.DataFrame], pl.DataFrame]) -> DayView:
    return replace(
        view,
        accounts=change(view.accounts),
        windows=change(view.windows),
        tables={name: change(frame) for name, frame in view.tables.items()},
    )


@settings(max_examples=50, deadline=None)
@given(view=days(), seed=st.integers(0, 9))
def test_the_order_of_rows_never_matters_and_every_value_has_words(view, seed):
    values = signal_values(view, SPECS)
    shuffled = changed(view, lambda f: f.sample(fraction=1.0, shuffle=True, seed=seed))
    assert_frame_equal(signal_values(shuffled, SPECS), values)
    wordless = pl.col("value").is_not_null() & (pl.col("detail").fill_null("") == "")
    assert values.filter(wordless).is_empty()


@settings(max_examples=50, deadline=None)
@given(view=days(), name=NAME)
def test_another_account_changes_nobodys_value_but_what_compares_them(view, name):
    others = pl.col("account_id") != name
    without = changed(view, lambda f: f.filter(others))
    told = ["account_id", "signal", "value", "observed_on", "detail"]
    own = others & ~pl.col("signal").is_in(COMPARED)
    before = signal_values(without, SPECS).filter(own).select(told)
    assert_frame_equal(signal_values(view, SPECS).filter(own).select(told), before)

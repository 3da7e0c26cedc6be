from __future__ import annotations

from decimal import Decimal

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    case_test,
    on,
    world,
)


def term(arr, starts=400, ended=None, *, currency="USD", number="s", account_id="a"):
    return {
        "account_id": account_id,
        "subscription_id": number,
        "starts_on": on(starts),
        "ended_on": None if ended is None else on(ended),
        "arr": None if arr is None else Decimal(arr),
        "currency": currency,
    }


def changed(days, before, *, number="s"):
    return {
        "account_id": "a",
        "subscription_id": number,
        "occurred_on": on(days),
        "kind": "expansion",
        "arr_before": None if before is None else Decimal(before),
    }


def contract(*terms, changes=()):
    return world({"subscriptions": list(terms), **({"outcomes": list(changes)} if changes else {})})


def said(value, now, before, days=180):
    return (value, "measured", f"ARR {now} today, {before} on {on(days)}")


RENEWED = term(100, 545, 180), term(75, 180, number="t")
CASES = [
    ("as before", contract(term(100)), {}, said(0.0, 100, 100)),
    (
        "renewed for less",
        contract(term(100, 500, 100), term(75, 100, number="t")),
        {},
        said(-25.0, 75, 100),
    ),
    ("a term added", contract(term(100), term(50, 30, number="t")), {}, said(50.0, 150, 100)),
    (
        "a term ended",
        contract(term(100), term(100, ended=1, number="t")),
        {},
        said(-50.0, 100, 200),
    ),
    (
        "renewed on the very day: the new term is what was",
        contract(*RENEWED),
        {},
        said(0.0, 75, 75),
    ),
    ("as of another day", contract(*RENEWED), {"window_days": 181}, said(-25.0, 75, 100, 181)),
    (
        "changed in place, as outcomes tell",
        contract(term(150), changes=[changed(30, 120), changed(90, 100)]),
        {},
        said(50.0, 150, 100),
    ),
    (
        "a change without an amount is passed over",
        contract(term(150), changes=[changed(30, 120), changed(90, None)]),
        {},
        said(25.0, 150, 120),
    ),
    (
        "a change before that is not this trend's",
        contract(term(150), changes=[changed(200, 100)]),
        {},
        said(0.0, 150, 150),
    ),
    (
        "a change of another term",
        contract(term(150), changes=[changed(30, 100, number="x")]),
        {},
        said(0.0, 150, 150),
    ),
    (
        "one foreign currency needs no rate",
        contract(term(100, 500, 100, currency="eur"), term(75, 100, currency="EUR", number="t")),
        {},
        said(-25.0, 75, 100),
    ),
    (
        "two currencies are not added up",
        contract(term(100), term(50, currency="EUR", number="t")),
        {},
        MISSING,
    ),
    (
        "a term without a currency is in the model's",
        contract(term(1000), term(524, 30, currency=None, number="t")),
        {},
        said(52.4, "1,524", "1,000"),
    ),
    (
        "and in no other",
        contract(term(100, currency="EUR"), term(50, 30, currency=None, number="t")),
        {},
        MISSING,
    ),
    (
        "an ended term of another currency long ago does not matter",
        contract(term(100), term(50, 900, 500, currency="EUR", number="t")),
        {},
        said(0.0, 100, 100),
    ),
    ("an amount is not told", contract(term(100), term(None, number="t")), {}, MISSING),
    ("a customer of half a year", contract(term(100, 179)), {}, MISSING),
    ("nothing in force today", contract(term(100, ended=10)), {}, MISSING),
    ("for nothing before", contract(term(0, 500, 100), term(75, 100, number="t")), {}, MISSING),
    ("terms of others", contract(term(100, account_id="b")), {}, MISSING),
    (
        "amounts never told",
        world({"subscriptions": [{"account_id": "a", "starts_on": on(400)}]}),
        {},
        NOT_APPLICABLE,
    ),
    ("not connected", world(), {}, NOT_APPLICABLE),
]

test_commercial_trend = case_test("commercial_trend", CASES)

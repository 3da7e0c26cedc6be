from __future__ import annotations

from decimal import Decimal

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    at,
    bill,
    case_test,
    on,
    world,
)

COLUMNS = ("paid_on", "amount_paid", "voided_on", "currency", "failed_attempts", "last_failed_at")


def billing(*invoices, columns=COLUMNS):
    return world({"invoices": list(invoices)}, provided={"invoices": set(columns)})


NONE = (0.0, "measured", "no failed payment is open")
TWICE = (2.0, "measured", "invoice I-1, the last on 2026-03-28")
CASES = [
    ("twice", billing(bill("I-1", 4, failed_attempts=2, last_failed_at=at(3))), {}, TWICE),
    (
        "before it is due",
        billing(bill("I-1", -4, failed_attempts=2, last_failed_at=at(3))),
        {},
        TWICE,
    ),
    (
        "the worst one",
        billing(
            bill("I-1", 4, failed_attempts=2, last_failed_at=at(3)),
            bill("I-2", 9, failed_attempts=1),
        ),
        {},
        TWICE,
    ),
    (
        "in another currency, whatever it is worth",
        billing(bill("I-1", 4, currency="JPY", failed_attempts=2, last_failed_at=at(3))),
        {},
        TWICE,
    ),
    (
        "dated, not counted",
        billing(bill("I-1", 4, last_failed_at=at(3))),
        {},
        (1.0, "measured", "invoice I-1, the last on 2026-03-28"),
    ),
    (
        "counted, not dated",
        billing(bill("I-1", 4, failed_attempts=3)),
        {},
        (3.0, "measured", "invoice I-1"),
    ),
    ("none failed", billing(bill("I-1", 4, failed_attempts=0)), {}, NONE),
    ("not told of this one", billing(bill("I-1", 4, failed_attempts=None)), {}, NONE),
    ("paid since", billing(bill("I-1", 4, failed_attempts=2, paid_on=on(1))), {}, NONE),
    (
        "paid in full without a date",
        billing(bill("I-1", 4, failed_attempts=2, amount_paid=Decimal(1200))),
        {},
        NONE,
    ),
    ("voided", billing(bill("I-1", 4, failed_attempts=2, voided_on=on(1))), {}, NONE),
    ("a credit note", billing(bill("I-1", 4, amount="-50.00", failed_attempts=2)), {}, NONE),
    ("bills of others only", billing(bill("I-1", 4, account_id="b")), {}, MISSING),
    ("connected and empty", billing(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("failures never told", billing(bill("I-1", 4), columns=COLUMNS[:4]), {}, NOT_APPLICABLE),
    (
        "payment never told: every failure would look open",
        billing(bill("I-1", 4, failed_attempts=2), columns=("failed_attempts",)),
        {},
        NOT_APPLICABLE,
    ),
]

test_failed_payments = case_test("failed_payments", CASES)

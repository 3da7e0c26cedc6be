from __future__ import annotations

from decimal import Decimal

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    bill,
    case_test,
    on,
    world,
)


def billing(*invoices, columns=("paid_on", "amount_paid", "voided_on", "currency")):
    return world({"invoices": list(invoices)}, provided={"invoices": set(columns)})


NONE = (0.0, "measured", "no invoice overdue")
CASES = [
    (
        "the oldest unpaid one",
        billing(bill("I-1", 40, paid_on=on(9)), bill("I-2", 20), bill("I-3", 4)),
        {},
        (20.0, "measured", "invoice I-2, due 2026-03-11, 1200.00"),
    ),
    (
        "with its currency",
        billing(bill("I-1", 20, currency="EUR")),
        {},
        (20.0, "measured", "invoice I-1, due 2026-03-11, 1200.00 EUR"),
    ),
    ("due today is not overdue", billing(bill("I-1", 0)), {}, NONE),
    ("due in future", billing(bill("I-1", -30)), {}, NONE),
    ("paid", billing(bill("I-1", 20, paid_on=on(1))), {}, NONE),
    ("paid in full without a date", billing(bill("I-1", 20, amount_paid=Decimal(1200))), {}, NONE),
    (
        "paid in part",
        billing(bill("I-1", 20, amount_paid=Decimal("1199.99"))),
        {},
        (20.0, "measured", "invoice I-1, due 2026-03-11, 1200.00"),
    ),
    ("voided", billing(bill("I-1", 20, voided_on=on(1))), {}, NONE),
    ("a credit note is no debt", billing(bill("I-1", 20, amount="-50.00")), {}, NONE),
    ("nothing to pay", billing(bill("I-1", 20, amount="0.00")), {}, NONE),
    ("bills of others only", billing(bill("I-1", 20, account_id="b")), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "payment never told: everything would look unpaid",
        billing(bill("I-1", 20), columns=()),
        {},
        NOT_APPLICABLE,
    ),
]


test_overdue_invoices = case_test("overdue_invoices", CASES)

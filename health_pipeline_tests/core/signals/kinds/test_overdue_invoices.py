from __future__ import annotations

from decimal import Decimal

import pytest

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    on,
    said,
    world,
)


def bill(number, due, *, amount="1200.00", account_id="a", **columns):
    return {
        "account_id": account_id,
        "invoice_id": number,
        "due_on": on(due),
        "amount": Decimal(amount),
        **columns,
    }


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


@pytest.mark.parametrize(("why", "view", "params", "expected"), CASES)
def test_overdue_invoices(why, view, params, expected):
    assert said("overdue_invoices", view, params) == expected, why

"""Failed attempts to collect an invoice that is still unpaid, the worst of an account (R51).

Paid, voided and credit notes are left out. Attempts are counted, not money: the invoice's
currency does not matter.
"""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.signals.answers import (
    answers,
    invoices,
    not_applicable,
    unpaid_invoice,
    worst_row,
)
from health_pipeline.core.signals.kind import KindMeta


class Params(Frozen):
    """This kind has no options."""


META = KindMeta(
    reads=("invoices",),
    unit="attempts",
    higher_is_better=False,
    leading=False,
    default_knots=(3.0, 0.75, 0.5, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="no failed payment on an unpaid invoice",
    risk_pattern="a payment failed and the invoice is still unpaid",
    kpi="failed payments",
    risk_sentence="failed payment attempts: {value:.0f} ({detail})",
    strength_sentence="payments go through ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Failed attempts; `detail` names the invoice and dates the last one."""
    failures = view.has("invoices", "failed_attempts") or view.has("invoices", "last_failed_at")
    payments = view.has("invoices", "paid_on") or view.has("invoices", "amount_paid")
    if not (failures and payments):
        return not_applicable(view)
    dated = pl.when(pl.col("last_failed_at").is_not_null()).then(1)
    attempts = pl.when(unpaid_invoice()).then(pl.coalesce("failed_attempts", dated))
    last = pl.format(", the last on {}", pl.col("last_failed_at").dt.date())
    words = pl.concat_str(pl.format("invoice {}", "invoice_id"), last.fill_null(""))
    none = "no failed payment is open"
    return answers(view, worst_row(invoices(view), attempts, words, none))

"""Days that the oldest unpaid invoice is past its due date; 0 when none is (R51).

Voided invoices, credit notes and invoices paid in full are left out.
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
    unit="days",
    higher_is_better=False,
    leading=False,
    default_knots=(60.0, 15.0, 5.0, 0.0),
    ttl_days=7.0,
    half_life_days=7.0,
    discrete=True,
    healthy_range="no invoice more than 5 days overdue",
    risk_pattern="an invoice more than 15 days overdue",
    kpi="days overdue",
    risk_sentence="invoice overdue by {value:.0f} days ({detail})",
    strength_sentence="billing in order ({detail})",
)


def compute(view: DayView, _params: Params) -> pl.DataFrame:
    """Days past due; `detail` names the invoice, its due date and amount."""
    if not (view.has("invoices", "paid_on") or view.has("invoices", "amount_paid")):
        return not_applicable(view)
    overdue = unpaid_invoice() & (pl.col("due_on") < view.day)
    words = pl.concat_str(
        pl.format("invoice {}, due {}, {}", "invoice_id", "due_on", "amount"),
        "currency",
        separator=" ",
        ignore_nulls=True,
    )
    late = pl.when(overdue).then((pl.lit(view.day) - pl.col("due_on")).dt.total_days())
    return answers(view, worst_row(invoices(view), late, words, "no invoice overdue"))

"""Which renewals and expansions are still to be decided: one rule, whoever asks."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

TOLD_BY = ("closed_on", "stage")
"""Columns of `renewals` that tell it."""


def is_open(columns: Collection[str] = TOLD_BY) -> pl.Expr:
    """True for a row of `renewals` that nobody has won, lost or closed.

    `columns`: those of the rows; one of `TOLD_BY` that is not there tells nothing.
    """
    closed = pl.col("closed_on").is_not_null() if "closed_on" in columns else pl.lit(value=False)
    decided = (
        pl.col("stage").is_in(["won", "lost"]).fill_null(value=False)
        if "stage" in columns
        else pl.lit(value=False)
    )
    return ~(closed | decided)

"""All signals of one day: run each kind, check what it answers, apply freshness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.freshness import OBSERVED_FROM, freshness
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.signals.answers import in_order
from health_pipeline.core.signals.kind import (
    MEASURED,
    MISSING,
    NOT_APPLICABLE,
    STALE,
    VALUE_COLUMNS,
    kinds,
)


def signal_values(view: DayView, specs: Sequence[SignalSpec]) -> pl.DataFrame:
    """The raw values of every signal for every account of the day.

    Returns:
        `SIGNAL_VALUES`: one row for each account and signal, sorted by both. A value that is not
        a finite number is missing; a measured one whose freshness fell below .5 is stale and
        keeps its value.

    Raises:
        ValueError: a spec names no kind, or a kind breaks its promise; the text names it.
    """
    if not specs:
        return pl.DataFrame(schema=SIGNAL_VALUES)
    if not view.accounts["account_id"].is_sorted():
        view = replace(view, accounts=view.accounts.sort("account_id"))
    frames = [_signal(view, spec) for spec in sorted(specs, key=lambda spec: spec.name)]
    # Each frame holds the same accounts in the same order: no need to sort what was found.
    by_account = np.arange(len(specs) * view.accounts.height).reshape(len(specs), -1).T.ravel()
    found = pl.concat(frames, rechunk=True)[by_account]
    ids = view.accounts["account_id"]
    if view.ids is not None:
        ids = view.ids.gather(ids).alias("account_id")
    account = np.repeat(np.arange(len(ids)), len(specs))
    return found.with_columns(ids[account]).select(SIGNAL_VALUES.keys())


def _signal(view: DayView, spec: SignalSpec) -> pl.DataFrame:
    known = kinds()
    if spec.kind not in known:
        raise ValueError(f"signal {spec.name}: no kind {spec.kind!r}, only {', '.join(known)}")
    answer = known[spec.kind].compute(view, spec.params)
    _check_shape(view, spec, answer)
    checked = _finite(in_order(view, answer))
    _check_rows(view, spec, checked)
    age = (pl.lit(view.day) - pl.col("observed_on")).dt.total_days()
    faded = freshness(age, spec.ttl_days, spec.half_life_days) < OBSERVED_FROM
    stale = (pl.col("status") == MEASURED) & faded
    return checked.with_columns(
        date=pl.lit(view.day),
        signal=pl.lit(spec.name),
        status=pl.when(stale).then(pl.lit(STALE)).otherwise(pl.col("status")),
    ).drop("account_id")


def _finite(answer: pl.DataFrame) -> pl.DataFrame:
    if answer["value"].is_finite().all():
        return answer
    broken = ~pl.col("value").is_finite()  # null stays null, which keeps the row
    return answer.with_columns(
        value=pl.when(broken).then(None).otherwise(pl.col("value")),
        status=pl.when(broken).then(pl.lit(MISSING)).otherwise(pl.col("status")),
        observed_on=pl.when(broken).then(None).otherwise(pl.col("observed_on")),
        detail=pl.when(broken).then(None).otherwise(pl.col("detail")),
    )


def _check_shape(view: DayView, spec: SignalSpec, answer: pl.DataFrame) -> None:
    """One row for each account of the day, in the columns and types of `VALUE_COLUMNS`."""
    told = answer.drop("account_id", strict=False).schema  # accounts: texts, or numbers
    if answer.columns[:1] != ["account_id"] or {"account_id": pl.String(), **told} != VALUE_COLUMNS:
        raise ValueError(
            f"kind {spec.kind} (signal {spec.name}) answered columns {dict(answer.schema)}, "
            f"not {VALUE_COLUMNS}"
        )
    ids, asked = answer["account_id"], view.accounts["account_id"]
    if not (ids.equals(asked) or ids.sort().equals(asked.sort())):
        raise ValueError(
            f"kind {spec.kind} (signal {spec.name}) answered {answer.height} rows for "
            f"{ids.n_unique()} accounts on {view.day}, not one row for each of "
            f"the {view.accounts.height} accounts of the day"
        )


def _check_rows(view: DayView, spec: SignalSpec, answer: pl.DataFrame) -> None:
    """A value says when it was seen, not later than the day; no value, no date."""
    status = pl.col("status")
    has_value = (status == MEASURED) | (status == STALE)
    known = has_value | (status == MISSING) | (status == NOT_APPLICABLE)
    wrong = (
        ~known.fill_null(False)
        | (has_value != pl.col("value").is_not_null())
        | (has_value != (pl.col("observed_on") <= view.day).fill_null(False))
    )
    if answer.select(wrong.any()).item():
        first = answer.filter(wrong).row(0)
        raise ValueError(
            f"kind {spec.kind} (signal {spec.name}) on {view.day} answered {first}; a "
            "measured or stale row has a value and an observed_on up to the day, a missing or "
            "not_applicable one has no value"
        )

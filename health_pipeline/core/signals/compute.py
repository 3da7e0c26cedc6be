"""All signals of one day: run each kind, check what it answers, apply freshness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from health_pipeline.core.schemas.day import DayView
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.freshness import OBSERVED_FROM, faded
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.schemas.time import NEVER, day_number
from health_pipeline.core.signals.answers import in_order
from health_pipeline.core.signals.kind import (
    MEASURED,
    MISSING,
    NOT_APPLICABLE,
    STALE,
    VALUE_COLUMNS,
    kinds,
)

STATES = (MEASURED, STALE, MISSING, NOT_APPLICABLE)
HAVE_VALUES = 2
"""The first of `STATES` go with a value, the others with none."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a kind says of each account of the day, in their order.

    Arrays, because a day has millions of these figures and columns of texts are dear.

    Attributes:
        value: NaN where there is none. status: place in `STATES`.
        observed_on: days since 1970, `NEVER` without a value.
        detail: texts, null where nothing is said.
    """

    value: Array
    status: Array
    observed_on: Array
    detail: pl.Series


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
    specs = sorted(specs, key=lambda spec: spec.name)
    ids = view.accounts["account_id"]
    if view.ids is not None:
        ids = view.ids.gather(ids)
    answers = [_answer(view, spec) for spec in specs]
    return _long(view.day, ids, [spec.name for spec in specs], answers)


def _long(
    day: date, ids: pl.Series, names: Sequence[str], answers: Sequence[Answer]
) -> pl.DataFrame:
    """An account after the other, with its signals in order."""

    def by_account(name: str) -> Array:
        return np.stack([getattr(answer, name) for answer in answers], axis=1).ravel()

    account = np.repeat(np.arange(len(ids)), len(names))
    signal = np.tile(np.arange(len(names)), len(ids))
    details = pl.concat([answer.detail for answer in answers], rechunk=True)
    observed = pl.Series(by_account("observed_on"), dtype=pl.Int32)
    columns = {
        "account_id": ids.gather(account),
        "signal": pl.Series(names, dtype=pl.String).gather(signal),
        "value": pl.Series(by_account("value"), nan_to_null=True),
        "status": pl.Series(STATES).gather(by_account("status")),
        "observed_on": observed.set(observed == NEVER, None).cast(pl.Date),
        "detail": details.gather(signal * len(ids) + account),
    }
    dated = pl.DataFrame(columns).with_columns(date=pl.lit(day, pl.Date))
    return dated.select(*SIGNAL_VALUES)


def _answer(view: DayView, spec: SignalSpec) -> Answer:
    known = kinds()
    if spec.kind not in known:
        raise ValueError(f"signal {spec.name}: no kind {spec.kind!r}, only {', '.join(known)}")
    found = known[spec.kind].compute(view, spec.params)
    _check_shape(view, spec, found)
    answer = _checked(view, spec, in_order(view, found))
    age = day_number(view.day) - answer.observed_on.astype(np.float64)
    f = faded(age, spec.ttl_days, spec.half_life_days)
    stale = (answer.status == STATES.index(MEASURED)) & (f < OBSERVED_FROM)
    return replace(answer, status=np.where(stale, STATES.index(STALE), answer.status))


def _arrays(rows: pl.DataFrame) -> Answer:
    """The rows of a kind; the status of one that says something else is beyond `STATES`."""
    status = rows["status"].cast(pl.Enum(STATES), strict=False).to_physical()
    return Answer(
        # A figure that is no number must be told from none: it becomes an infinite one.
        rows["value"].fill_nan(np.inf).fill_null(np.nan).to_numpy(),
        status.fill_null(len(STATES)).to_numpy(),
        rows["observed_on"].to_physical().fill_null(NEVER).to_numpy(),
        rows["detail"],
    )


def _finite(answer: Answer) -> Answer:
    broken = np.isinf(answer.value)
    if not broken.any():
        return answer
    return Answer(
        np.where(broken, np.nan, answer.value),
        np.where(broken, STATES.index(MISSING), answer.status),
        np.where(broken, NEVER, answer.observed_on),
        answer.detail.set(pl.Series(broken), None),
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


def _checked(view: DayView, spec: SignalSpec, rows: pl.DataFrame) -> Answer:
    """A value says when it was seen, not later than the day; no value, no date."""
    answer = _finite(_arrays(rows))
    has_value = answer.status < HAVE_VALUES
    wrong = (
        (answer.status >= len(STATES))
        | (has_value != ~np.isnan(answer.value))
        | (has_value != (answer.observed_on <= day_number(view.day)))
    )
    if wrong.any():
        first = rows.row(int(wrong.argmax()))
        raise ValueError(
            f"kind {spec.kind} (signal {spec.name}) on {view.day} answered {first}; a "
            "measured or stale row has a value and an observed_on up to the day, a missing or "
            "not_applicable one has no value"
        )
    return answer

"""Gates: where the words of a tier say more than its number, they cap it (R72)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import KEY, SignalRows, signal_rows
from health_pipeline.core.schemas.spec import RISK_BELOW
from health_pipeline.core.scoring.params import TIER_ORDER, CombinedGate, Gate, ScoringRules

MOST_NAMED = 3
PATTERN = "pattern"
"""A column that every account and day shares, so that a model without gates has a pattern."""

GATES: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "cap": pl.String(),
    "gate": pl.String(),
    "gate_reason": pl.String(),
    "not_measured": pl.String(),
}


def gates(signals: pl.DataFrame | SignalRows, rules: ScoringRules) -> pl.DataFrame:
    """Which gates fire for each account and day, and the best tier that they leave.

    Args:
        signals: `RESULT_TABLES["signals"]`.
        rules: `gates` (one signal each) and `combined_gates` (at least so many of them).

    Returns:
        `GATES`. `cap`: the lowest cap of the gates that fire, null when none does; `gate` and
        `gate_reason`: names and words of the gates with that cap, at most three, in the order of
        the rules, of several values of one signal the words of the strictest alone;
        `not_measured`: names of the gates that could not be asked because their signal is not
        measured, null when all could. Such a gate does not fire.
    """
    rows = signal_rows(signals)
    fired = rows.days.with_columns(
        pl.lit(0).alias(PATTERN), *(_fires(gate, rows) for gate in rules.gates)
    )
    # Few patterns of gates occur: their words are put together once, not for each account.
    pattern = fired.columns[len(KEY) :]
    said = _said(fired.select(pattern).unique(), rules)
    return fired.join(said, on=pattern, how="left", nulls_equal=True, maintain_order="left").select(
        pl.col(name).cast(dtype) for name, dtype in GATES.items()
    )


def fired_gates(signals: pl.DataFrame | SignalRows, rules: ScoringRules) -> pl.DataFrame:
    """Every gate's answer for each account and day, whatever its cap.

    Returns:
        `account_id`, `date`, and a column named as each gate, combined ones included: true where it
        fires, null where its signal is not measured.
    """
    rows = signal_rows(signals)
    fired = rows.days.with_columns(_fires(gate, rows) for gate in rules.gates)
    together = (_fires_together(gate).alias(_column(gate)) for gate in rules.combined_gates)
    every: tuple[Gate | CombinedGate, ...] = (*rules.gates, *rules.combined_gates)
    return fired.with_columns(together).rename({_column(gate): gate.name for gate in every})


def _said(patterns: pl.DataFrame, rules: ScoringRules) -> pl.DataFrame:
    """What follows from each of `patterns`, which gates fire: cap, gates, reason, not asked."""
    every: tuple[Gate | CombinedGate, ...] = (*rules.gates, *rules.combined_gates)
    return (
        patterns.with_columns(
            _fires_together(gate).alias(_column(gate)) for gate in rules.combined_gates
        )
        .with_columns(_lowest_cap(every).alias("cap"))
        .with_columns(
            _join([_if_caps(gate, gate.name) for gate in every], ", ", MOST_NAMED).alias("gate"),
            _join([_if_told(gate, every) for gate in every], "; ", MOST_NAMED).alias("gate_reason"),
            _join([_if_not_asked(gate) for gate in rules.gates], ", ").alias("not_measured"),
        )
    )


def _column(gate: Gate | CombinedGate) -> str:
    return f"fires:{gate.name}"


def _fires(gate: Gate, rows: SignalRows) -> pl.Series:
    """True or False on each day on which the gate's signal is measured, null on the others."""
    at = rows.of({gate.signal})
    at = at[rows.measured[at]]
    by_risk = gate.when == "risk"
    figure = (rows.subscore if by_risk else rows.value)[at]
    limit = RISK_BELOW if by_risk else gate.value
    fires = figure > limit if gate.when == "above" else figure < limit
    known = ~np.isnan(figure)
    state = np.full(rows.days.height, -1, dtype=np.int8)
    np.maximum.at(state, rows.day[at[known]], fires[known].astype(np.int8))
    return pl.Series(_column(gate), state > 0).set(pl.Series(state < 0), None)


def _fires_together(gate: CombinedGate) -> pl.Expr:
    fired = pl.sum_horizontal(
        pl.col(f"fires:{name}").fill_null(False).cast(pl.Int64) for name in gate.gates
    )
    return fired >= gate.at_least


def _lowest_cap(every: Sequence[Gate | CombinedGate]) -> pl.Expr:
    cap: pl.Expr = pl.lit(None, dtype=pl.String)
    for tier in reversed(TIER_ORDER):  # the worst is asked last and so wins
        for gate in every:
            if gate.cap == tier:
                cap = pl.when(pl.col(_column(gate))).then(pl.lit(tier)).otherwise(cap)
    return cap


def _if_caps(gate: Gate | CombinedGate, text: str) -> pl.Expr:
    return pl.when(pl.col(_column(gate)) & (pl.col("cap") == gate.cap)).then(pl.lit(text))


def _if_told(gate: Gate | CombinedGate, every: Sequence[Gate | CombinedGate]) -> pl.Expr:
    """The words of `gate`, unless a stricter one of its signal says the same with a figure more."""
    stricter = [pl.col(_column(other)) for other in every if _is_stricter(other, gate)]
    return pl.when(~pl.any_horizontal(*stricter, pl.lit(False))).then(_if_caps(gate, gate.words))


def _is_stricter(other: Gate | CombinedGate, gate: Gate | CombinedGate) -> bool:
    """Whether both hold one signal against a value, with one cap, and `other` fires later."""
    if not isinstance(other, Gate) or not isinstance(gate, Gate) or gate.when == "risk":
        return False
    if (other.signal, other.when, other.cap) != (gate.signal, gate.when, gate.cap):
        return False
    mine, theirs = gate.value or 0.0, other.value or 0.0
    return theirs > mine if gate.when == "above" else theirs < mine


def _if_not_asked(gate: Gate) -> pl.Expr:
    return pl.when(pl.col(_column(gate)).is_null()).then(pl.lit(gate.name))


def _join(texts: Sequence[pl.Expr], separator: str, most: int | None = None) -> pl.Expr:
    """The texts that are not null, joined; null when there is none."""
    if not texts:
        return pl.lit(None, dtype=pl.String)
    kept = pl.concat_list(texts).list.drop_nulls()
    shown = kept if most is None else kept.list.head(most)
    return pl.when(kept.list.len() > 0).then(shown.list.join(separator))

"""Which signals speak for an account, with which weight, and how fresh they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from health_pipeline.core.schemas.account_days import (
    Array,
    Cells,
    SignalRows,
    looked_up,
    signal_rows,
)
from health_pipeline.core.schemas.freshness import OBSERVED_FROM, faded
from health_pipeline.core.schemas.spec import SignalSpec

_SPEC: dict[str, pl.DataType] = {
    "signal": pl.String(),
    "group": pl.String(),
    "w": pl.Float64(),
    "ttl": pl.Float64(),
    "half_life": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What `observe` finds; one element for each of `rows`.

    Attributes:
        rows: the signals in order.
        cells: what is said of each signal: `group`, `reference`.
        status: as contributions tell it.
        subscore: NaN where the signal does not speak. `speaks`: whether it does.
        weight: w if it speaks, else 0. `fresh`: that weight × f. `applicable`: w, 0 if not
            applicable.
    """

    rows: SignalRows
    cells: Cells
    status: pl.Series
    subscore: Array
    speaks: Array
    weight: Array
    fresh: Array
    applicable: Array


def observe(
    signals: pl.DataFrame | SignalRows,
    segments: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
) -> Observed:
    """Each signal beside its weight, reference and freshness.

    A signal speaks while it is measured and f ≥ .5; a measured one that is older has the status
    `stale`. Rows are sorted by date, account and signal, so that sums do not depend on their order.

    Raises:
        ValueError: a signal has no spec, or the baseline two rows for a segment and signal.
    """
    rows = signal_rows(signals)
    _refuse(rows.names, baseline, specs)
    known = pl.DataFrame(
        [(s.name, s.group, s.weight, s.ttl_days, s.half_life_days) for s in specs],
        schema=_SPEC,
        orient="row",
    )
    cells = _weighed(
        looked_up(rows, segments, known, baseline.select("segment", "signal", "reference")), specs
    )
    status, w = rows.frame["status"], cells.numbers("w")
    f = faded(
        rows.numbers("freshness_hours") / 24.0, cells.numbers("ttl"), cells.numbers("half_life")
    )
    speaks = rows.measured & (f >= OBSERVED_FROM)  # never, when of unknown age
    aged = pl.Series(rows.measured & ~speaks)
    stale = pl.Series("status", ["stale"]).new_from_index(0, len(status))
    inapplicable = (status == "not_applicable").fill_null(value=False).to_numpy()
    return Observed(
        rows,
        cells,
        status if not aged.any() else stale.zip_with(aged, status).alias("status"),
        np.where(speaks, rows.subscore, np.nan),
        speaks,
        np.where(speaks, w, 0.0),
        np.where(speaks, w * f, 0.0),
        np.where(inapplicable, 0.0, w),
    )


def _weighed(cells: Cells, specs: Sequence[SignalSpec]) -> Cells:
    """`cells` with the weights that segments set for themselves (R61)."""
    own = pl.DataFrame(
        [(segment, s.name, w) for s in specs for segment, w in s.segment_weights.items()],
        schema={"segment": pl.String(), "signal": pl.String(), "own": pl.Float64()},
        orient="row",
    )
    if own.is_empty():
        return cells
    beside = cells.frame.join(own, on=["segment", "signal"], how="left", maintain_order="left")
    return replace(cells, frame=beside.with_columns(pl.coalesce("own", "w").alias("w")).drop("own"))


def _refuse(signals: Sequence[str], baseline: pl.DataFrame, specs: Sequence[SignalSpec]) -> None:
    unknown = set(signals) - {spec.name for spec in specs}
    if unknown:
        raise ValueError(
            f"score: no spec for {', '.join(sorted(unknown))}; score with the model that "
            "computed the signals"
        )
    twice = baseline.filter(baseline.select("segment", "signal").is_duplicated())
    if not twice.is_empty():
        raise ValueError(
            f"score: the baseline has several rows for segment {twice['segment'][0]!r}, signal "
            f"{twice['signal'][0]!r}; pass the rows of one model version"
        )

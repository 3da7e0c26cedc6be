"""The resolved segment rules and the way knots are fitted."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.spec import Knots


class Band(Frozen):
    """A named half-open range [low, high) of a number; `high` null = open."""

    name: str
    low: float
    high: float | None = None


class SegmentRule(Frozen):
    """A segment: every `match` column must equal one of its values; first match wins.

    Columns: plan, region, customer_tier, deployment (as landed), acv_band, size (band names).

    Attributes:
        weights: signal → its points in this segment, where they differ from signals.yaml (R61).
        knots: signal → this segment's own targets: raw values that score 0, 60, 80 and 100.
    """

    name: str
    match: dict[str, tuple[str, ...]] = {}
    weights: dict[str, float] = {}
    knots: dict[str, Knots] = {}


class SegmentRules(Frozen):
    """Segments in order, the mandatory default, and the bands they may use (R60).

    Attributes:
        acv_bands: bands of account ARR.
        size_bands: bands of employees.
        segments: first match wins; `default` catches the rest.
        shrinkage: M of science.md, in accounts.
        min_accounts: below it a segment takes its parent's knots, marked "borrowed" too.
        borrow_below: below it knots are shrunk and marked "borrowed".
    """

    acv_bands: tuple[Band, ...] = ()
    size_bands: tuple[Band, ...] = ()
    segments: tuple[SegmentRule, ...] = ()
    default: str = "default"
    shrinkage: float = Field(default=60.0, ge=0)
    min_accounts: int = Field(default=5, ge=1)
    borrow_below: int = Field(default=30, ge=1)

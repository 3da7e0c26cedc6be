"""Which segment each account belongs to on each day (R60)."""

from __future__ import annotations

from functools import reduce

import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.segments.params import Band, SegmentRule, SegmentRules

UNKNOWN = "unknown"


def assign(accounts: pl.DataFrame, rules: SegmentRules) -> pl.DataFrame:
    """The segment of every account on every day.

    Args:
        accounts: one row an account and day: `date` and the columns of `DayView.accounts`
            (`account_id`, `plan`, `region`, `customer_tier`, `deployment`, `arr`, `employees`).
        rules: bands and segments; the first segment that matches wins, `default` catches the rest.

    Returns:
        The shape of `RESULT_TABLES["segments"]`. A number that is null, not finite or in no band
        has the band "unknown", which rules may name. A null attribute matches no rule.
    """
    banded = accounts.with_columns(
        _band("arr", rules.acv_bands).alias("acv_band"),
        _band("employees", rules.size_bands).alias("size"),
    )
    return RESULT_TABLES["segments"].conform(
        banded.with_columns(_first_match(rules).alias("segment"))
    )


def _band(column: str, bands: tuple[Band, ...]) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64)
    name = pl.lit(UNKNOWN)
    for band in reversed(bands):  # the first band of the list is asked first
        inside = number.is_finite() & (number >= band.low)
        if band.high is not None:
            inside &= number < band.high
        name = pl.when(inside).then(pl.lit(band.name)).otherwise(name)
    return name


def _first_match(rules: SegmentRules) -> pl.Expr:
    segment = pl.lit(rules.default)
    for rule in reversed(rules.segments):
        segment = pl.when(_matches(rule)).then(pl.lit(rule.name)).otherwise(segment)
    return segment


def _matches(rule: SegmentRule) -> pl.Expr:
    tests = (pl.col(name).is_in(values) for name, values in rule.match.items())
    return reduce(lambda one, other: one & other, tests, pl.lit(True))

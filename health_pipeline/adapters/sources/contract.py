"""The contracts as pandera schemas, and the check that parts good rows from broken ones.

pandera checks the values of DataFrames only, of a LazyFrame just the schema: hand it DataFrames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from health_pipeline.adapters.sources.casting import NOT_A, NOT_FINITE, typed
from health_pipeline.adapters.sources.mapping import PLUS, Mapped, as_text
from health_pipeline.adapters.sources.raw import ROW, none_broken
from health_pipeline.core.schemas.columns import NO_DATE_BEFORE, Column, SourceTable
from health_pipeline.core.schemas.results import ResultTable

if TYPE_CHECKING:
    from pandera.polars import Check, DataFrameSchema

MISSING = "missing_required"
NO_DATE = f"before_{NO_DATE_BEFORE.year}"

_TIERS = ("green", "yellow", "red", "unscored")
_STATES = ("healthy", "watch", "risk", "unknown")
_MEASURED = ("measured", "missing", "stale", "not_applicable")
RESULT_VALUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("overrides", "tier_override"): ("green", "yellow", "red"),
    ("health_scores", "tier"): _TIERS,
    ("health_scores", "tier_by_score"): _TIERS,
    ("signals", "status"): _MEASURED,
    ("contributions", "status"): _MEASURED,
    ("driver_states", "state"): _STATES,
    ("driver_transitions", "from_state"): _STATES,
    ("driver_transitions", "to_state"): _STATES,
    ("reason_codes", "direction"): ("risk", "strength"),
    ("plays", "status"): ("proposed", "accepted", "done", "closed"),
}
"""Closed lists of the result tables, as contracts.md promises them."""

RESULT_BOUNDS: dict[str, tuple[float, float]] = {
    "score": (0, 100),
    "subscore": (0, 100),
    "health_score": (0, 100),
    "coverage": (0, 1),
    "health_coverage": (0, 1),
    "confidence": (0, 1),
    "probability": (0, 1),
    "churn_probability": (0, 1),
    "health_churn_probability": (0, 1),
}
"""Inclusive bounds of result columns, in whichever table they stand."""


def contract_of(table: SourceTable) -> DataFrameSchema:
    """The contract of typed rows of `table`; optional columns may be absent, others may not be.

    The name of each check is the rule that a failing row breaks.
    """
    import pandera.polars as pa

    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                column.dtype,
                _checks(column),
                nullable=not column.required,
                required=column.required,
            )
            for column in table.columns
        },
        strict=True,
        name=table.name,
    )


def _checks(column: Column) -> list[Check]:
    import pandera.polars as pa

    checks = []
    if column.allowed:
        checks.append(pa.Check.isin(list(column.allowed), error="not_allowed"))
    if column.form:
        checks.append(pa.Check.str_matches(column.form, error="not_allowed"))
    if column.low is not None:
        checks.append(pa.Check.ge(column.low, error="below_minimum"))
    if column.high is not None:
        checks.append(pa.Check.le(column.high, error="above_maximum"))
    return checks


def contract_of_result(result: ResultTable, *, unique: bool = True) -> DataFrameSchema:
    """The contract of a whole result table: types, unique key, bounds, closed lists, no NaN.

    Without `unique` the caller sees to it that a key stands once.
    """
    import pandera.polars as pa

    # A rejected row may lack its key: that may be the very reason.
    keyed = result.name != "quarantine"
    return pa.DataFrameSchema(
        {
            name: pa.Column(
                dtype,
                _result_checks(result.name, name, dtype),
                nullable=not (keyed and name in result.key) or name in result.open_key,
            )
            for name, dtype in result.columns.items()
        },
        strict=True,
        ordered=True,
        unique=list(result.key) if keyed and unique else None,
        name=result.name,
    )


def _result_checks(table: str, column: str, dtype: pl.DataType) -> list[Check]:
    import pandera.polars as pa

    checks = []
    if dtype.is_float():
        checks.append(pa.Check(_finite, name="not_finite", error="not_finite"))
    if column in RESULT_BOUNDS:
        checks.append(pa.Check.in_range(*RESULT_BOUNDS[column], error="out_of_range"))
    if (table, column) in RESULT_VALUES:
        allowed = list(RESULT_VALUES[table, column])
        checks.append(pa.Check.isin(allowed, error="not_allowed"))
    return checks


def _finite(data: Any) -> pl.LazyFrame:
    frame: pl.LazyFrame = data.lazyframe
    return frame.select(pl.col(data.key).is_finite())


def checked(mapped: Mapped, table: SourceTable) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that keep the contract, and what the others broke.

    Returns:
        The good rows (the provided columns, typed), and `ROW`, `rule`, `value` for each rule that
        a row breaks. A value that cannot be read breaks `not_a_…`, not also `missing_required`.
    """
    schema = mapped.frame.schema
    rows = mapped.frame.select(
        typed(table.column(name), cmap, schema[name], pl.col(PLUS + name)).alias(name)
        for name, cmap in mapped.maps.items()
    )
    unread = _unread(mapped, rows, table)
    broken = pl.concat([unread, _no_dates(mapped, rows, table), _failures(rows, table, unread)])
    if broken.is_empty():
        return rows, broken
    good = mapped.frame.select(~pl.col(ROW).is_in(broken[ROW].implode()))
    return rows.filter(good.to_series()), broken


def _unread(mapped: Mapped, rows: pl.DataFrame, table: SourceTable) -> pl.DataFrame:
    found = [none_broken(ROW)]
    for name in mapped.maps:
        kind = table.column(name).kind
        hit = mapped.frame[name].is_not_null() & rows[name].is_null()
        if kind == "text" or not hit.any():
            continue
        value = _text(name, mapped)
        not_finite = value.str.contains(NOT_FINITE) & (kind not in ("timestamp", "date", "bool"))
        rule = pl.when(not_finite).then(pl.lit("not_finite")).otherwise(pl.lit(NOT_A[kind]))
        cases = mapped.frame.filter(hit)
        found.append(cases.select(ROW, (rule + f":{name}").alias("rule"), value.alias("value")))
    return pl.concat(found)


def _no_dates(mapped: Mapped, rows: pl.DataFrame, table: SourceTable) -> pl.DataFrame:
    """Dates that stand for none: an invoice paid in 1900 is not paid."""
    found = [none_broken(ROW)]
    for name in mapped.maps:
        column = table.column(name)
        if column.kind not in ("timestamp", "date") or column.any_age:
            continue
        hit = (rows[name].dt.date() < NO_DATE_BEFORE).fill_null(value=False)
        if hit.any():
            rule = pl.lit(f"{NO_DATE}:{name}").alias("rule")
            cases = mapped.frame.filter(hit)
            found.append(cases.select(ROW, rule, _text(name, mapped).alias("value")))
    return pl.concat(found)


def _text(name: str, mapped: Mapped) -> pl.Expr:
    """What the file said of a value, for people."""
    value = as_text(pl.col(name), mapped.frame.schema[name])
    plus = mapped.maps[name].plus
    return value if plus is None else pl.format("{} + {} " + plus.unit, value, PLUS + name)


def _failures(rows: pl.DataFrame, table: SourceTable, unread: pl.DataFrame) -> pl.DataFrame:
    import pandera.errors

    try:
        contract_of(table).validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return none_broken(ROW)
    if cases["index"].has_nulls():  # a column of a wrong type is our mistake, never the file's
        raise TypeError(f"{table.name}: {cases.filter(pl.col('index').is_null()).to_dicts()}")
    rule = pl.col("check").replace("not_nullable", MISSING) + ":" + pl.col("column")
    broken: pl.DataFrame = cases.select(
        pl.col("index").cast(pl.UInt32).alias(ROW),
        rule.alias("rule"),
        pl.col("failure_case").cast(pl.String).alias("value"),
    )
    unread_as_missing = unread.with_columns(pl.col("rule").str.replace("^[^:]*", MISSING))
    return broken.join(unread_as_missing, on=[ROW, "rule"], how="anti", maintain_order="left")

"""Result tables against their contracts, failures in words."""

import polars as pl

from health_pipeline.adapters.sources.contract import contract_of_result
from health_pipeline.core.schemas.results import ResultTable

ADD_UP = 1e-9


def contract_failures(table: ResultTable, frame: pl.DataFrame) -> list[str]:
    """What `frame` breaks of the contract of `table`; empty when it keeps it."""
    import pandera.errors

    try:
        contract_of_result(table).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        counted = cases.group_by("column", "check", maintain_order=True).agg(
            pl.len().alias("rows"), pl.col("failure_case").cast(pl.String).first().alias("first")
        )
        return [
            f"{table.name}.{row['column']}: {row['check']} fails on {row['rows']} rows, "
            f"first {row['first']}"
            for row in counted.iter_rows(named=True)
        ]
    return []


def sum_failures(scores: pl.DataFrame, contributions: pl.DataFrame) -> list[str]:
    """Scores whose contributions do not add up to them within 1e-9 (contracts.md)."""
    sums = contributions.group_by("account_id", "date").agg(pl.col("points").sum().alias("sum"))
    wrong = (
        scores.filter(pl.col("score").is_not_null())
        .join(sums, on=["account_id", "date"], how="left")
        .filter(((pl.col("sum") - pl.col("score")).abs() > ADD_UP) | pl.col("sum").is_null())
    )
    if wrong.is_empty():
        return []
    row = wrong.row(0, named=True)
    first = f"{row['account_id']} on {row['date']}: {row['sum']} against {row['score']}"
    return [f"contributions.points: {wrong.height} scores are not their sum, first {first}"]

"""Result tables against their contracts, failures in words."""

import polars as pl

from health_pipeline.adapters.sources.contract import contract_of_result
from health_pipeline.core.schemas.account_days import KEY, beside, by_day_account, signal_rows
from health_pipeline.core.schemas.results import ResultTable

ADD_UP = 1e-9


def contract_failures(table: ResultTable, frame: pl.DataFrame) -> list[str]:
    """What `frame`, sorted as `ResultTable.conform` does, breaks of the contract of `table`."""
    import pandera.errors

    twice = _standing_twice(table, frame)
    try:
        contract_of_result(table, unique=False).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        counted = cases.group_by("column", "check", maintain_order=True).agg(
            pl.len().alias("rows"), pl.col("failure_case").cast(pl.String).first().alias("first")
        )
        return twice + [
            f"{table.name}.{row['column']}: {row['check']} fails on {row['rows']} rows, "
            f"first {row['first']}"
            for row in counted.iter_rows(named=True)
        ]
    return twice


def _standing_twice(table: ResultTable, frame: pl.DataFrame) -> list[str]:
    """Keys that stand more than once; in a sorted frame they are neighbours."""
    if table.name == "quarantine":  # a rejected row may lack its key
        return []
    again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in table.key)
    rows = frame.slice(1).filter(frame.select(again.slice(1)).to_series())
    if rows.is_empty():
        return []
    first = ", ".join(str(value) for value in rows.select(table.key).row(0))
    return [
        f"{table.name}: {', '.join(table.key)} stand twice on {rows.height} rows, first {first}"
    ]


def sum_failures(scores: pl.DataFrame, contributions: pl.DataFrame) -> list[str]:
    """Scores whose contributions do not add up to them within 1e-9 (contracts.md)."""
    rows = signal_rows(contributions)
    points = rows.total(rows.frame["points"].fill_null(0.0).to_numpy())
    sums = rows.days.with_columns(pl.Series("sum", points))
    wrong = beside(by_day_account(scores.select(*KEY, "score")), sums).filter(
        pl.col("score").is_not_null()
        & (((pl.col("sum") - pl.col("score")).abs() > ADD_UP) | pl.col("sum").is_null())
    )
    if wrong.is_empty():
        return []
    row = wrong.row(0, named=True)
    first = f"{row['account_id']} on {row['date']}: {row['sum']} against {row['score']}"
    return [f"contributions.points: {wrong.height} scores are not their sum, first {first}"]

"""How frames and sentences look in Dagster: column schemas, sample rows, figures, lists."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.core.schemas.escaping import as_markdown
from health_pipeline.core.schemas.meanings import meaning

SAMPLE_ROWS = 5


def column_schema(columns: Mapping[str, pl.DataType], table: str | None = None) -> dg.TableSchema:
    """Dagster's column schema of a polars schema; of a table of the lake with what columns mean."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, str(dtype), meaning(table, name) if table else None)
            for name, dtype in columns.items()
        ]
    )


def _plain(value: Any) -> str | int | float | bool | None:
    if isinstance(value, float):
        return float(f"{value:.6g}")  # read by people; the table itself keeps every digit
    return value if isinstance(value, str | int | bool | None) else str(value)


def table_value(frame: pl.DataFrame) -> dg.TableMetadataValue:
    """A whole small frame as a Dagster table."""
    records = [
        dg.TableRecord({name: _plain(value) for name, value in row.items()})
        for row in frame.iter_rows(named=True)
    ]
    return dg.MetadataValue.table(records, schema=column_schema(frame.schema))


def sample_table(frame: pl.DataFrame) -> dg.TableMetadataValue:
    """The first rows of a frame as a Dagster table."""
    return table_value(frame.head(SAMPLE_ROWS))


def listed(sentences: Iterable[str], none: str = "–") -> dg.MarkdownMetadataValue:
    """One sentence a line; what a source or a person wrote in them is text, never Markdown."""
    lines = [f"- {as_markdown(sentence)}" for sentence in sentences]
    return dg.MetadataValue.md("\n".join(lines) or none)

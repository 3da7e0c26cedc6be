"""Short forms that people may write, spelt out before a file is held against its shape."""

from __future__ import annotations

from typing import Any


def expanded(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data of file `name` with its short forms spelt out; other files as they stand."""
    if name == "overrides" and data.get("overrides", ()) is None:
        return {**data, "overrides": []}  # what is left once the last block is taken away
    tables = data.get("tables")
    if name != "sources" or not isinstance(tables, dict):
        return data
    return {**data, "tables": {table: _maps(maps) for table, maps in tables.items()}}


def _maps(maps: Any) -> Any:
    """One block in place of a list of blocks."""
    if isinstance(maps, dict):
        return [_table(maps)]
    return [_table(one) for one in maps] if isinstance(maps, list) else maps


def _table(table: Any) -> Any:
    if not isinstance(table, dict) or not isinstance(table.get("columns"), dict):
        return table
    columns = {name: _column(column) for name, column in table["columns"].items()}
    return {**table, "columns": columns}


def _column(column: Any) -> Any:
    """`plan: plan_tier` for `{from: plan_tier}`, and one format for a list of formats."""
    if isinstance(column, str):
        return {"from": column}
    if isinstance(column, dict) and isinstance(column.get("format"), str):
        return {**column, "format": [column["format"]]}
    return column

"""`health tables`."""

from __future__ import annotations

from rich.markup import escape

from health_pipeline.adapters.store.manifest import Entry, entries
from health_pipeline.cli.exits import OK
from health_pipeline.cli.house import out
from health_pipeline.cli.render import table_of
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House


def _row(name: str, found: list[Entry]) -> tuple[str, str, str, str, str]:
    days = [entry.partition for entry in found if entry.partition]
    span = f"{days[0]} … {days[-1]} ({len(days)})" if days else "-"
    rows = sum(entry.rows for entry in found)
    size = sum(entry.bytes for entry in found) / 1e6
    kind = "promised" if name in RESULT_TABLES else "internal"
    return name, kind, span, f"{rows:,}", f"{size:,.2f}"


def tables_command(house: House) -> int:
    """Print one line a table: promised or internal, days, rows, size."""
    with house.open() as stores:
        found: dict[str, list[Entry]] = {name: [] for name in RESULT_TABLES}
        for entry in entries(stores.control):
            found.setdefault(entry.table, []).append(entry)
    rows = [_row(name, entries_) for name, entries_ in found.items()]
    out.print(table_of(escape(str(house.settings.lake)), ("table", "", "days", "rows", "MB"), rows))
    if house.settings.duckdb.exists():
        words = f"SQL: duckdb -readonly {house.settings.duckdb}"
        out.print(words, markup=False, highlight=False)
    return OK

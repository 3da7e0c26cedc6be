"""`health explain --show-work`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import fail, out
from health_pipeline.cli.render import table_of
from health_pipeline.core.explanation.work import Section
from health_pipeline.orchestration.explained import Explained
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.worked import OtherModelError, worked


def work_of(stores: Stores, found: Explained) -> list[Section]:
    """The arithmetic of what was found; ends with exit 2 where another model made the score."""
    if found.score is None or found.day is None:
        return []
    try:
        return worked(stores, found.match.account_id, found.day)
    except OtherModelError as error:
        raise fail(str(error), exits.BAD_MODEL_OR_ARGUMENT) from None


def print_work(sections: Sequence[Section]) -> None:
    """Every step from raw values to the tier, one table after the other."""
    for section in sections:
        rows = [[escape(cell) for cell in row] for row in section.rows]
        if rows:
            out.print(table_of(escape(section.title), section.columns, rows))
        else:
            out.print(f"[bold]{escape(section.title)}[/]", highlight=False)
        for line in section.lines:
            out.print(escape(line), highlight=False, soft_wrap=True)
        out.print()

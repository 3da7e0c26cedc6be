"""`health check`."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import err, open_house, out
from health_pipeline.config.draft import own_files
from health_pipeline.config.loader import check_model
from health_pipeline.config.shapes import FILES
from health_pipeline.orchestration.overrides import over


def check_command(model: Path | None) -> int:
    """Print every finding of every file; exit 2 when one of them is an error."""
    house = open_house(model=model)
    folder = house.settings.model
    for warning in check_model(folder):
        err.print(escape(str(warning)), highlight=False, soft_wrap=True)
    found = house.model
    for issue in over(found.overrides, house.now().date()):
        err.print(escape(str(issue)), highlight=False, soft_wrap=True)
    out.print(
        f"{folder or 'the packaged model'}: {len(found.signals)} signals in "
        f"{len(found.scoring.groups)} groups, {len(found.segments.segments) + 1} segments, "
        f"{len(found.plays.plays)} plays; no errors (fingerprint {found.fingerprint()})",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if folder:
        borrowed = [name for name in FILES if name not in own_files(folder)]
        if borrowed:
            out.print(f"from the package: {', '.join(borrowed)}", highlight=False)
    return exits.OK

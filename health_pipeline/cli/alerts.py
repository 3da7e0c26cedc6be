"""`health alerts deliver`."""

from __future__ import annotations

from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.house import err, out
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.watch import look


def deliver_command(house: House) -> int:
    """Evaluate the latest day, deliver what is due; exit 1 when a message could not be sent."""
    with house.open() as stores:
        seen = look(stores)
    found, report = seen.found, seen.report
    for name, why in found.not_configured.items():
        err.print(f"channel {escape(name)} is not configured: {escape(why)}", highlight=False)
    out.print(
        f"{found.day or 'nothing published yet'}: {found.queued} queued, "
        f"{report.delivered} delivered, {report.failed} failed, {report.dead} given up, "
        f"{report.waiting} waiting",
        highlight=False,
    )
    return exits.FAILED if report.failed or report.dead else exits.OK

"""`health alerts deliver`."""

from __future__ import annotations

from rich.markup import escape

from health_pipeline.cli import exits
from health_pipeline.cli.dead_letters import tell_stuck
from health_pipeline.cli.house import err, out
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.watch import look


def deliver_command(house: House) -> int:
    """Evaluate the latest day, deliver what is due; exit 1 when a message could not be sent."""
    with house.open() as stores:
        seen = look(stores)
        for name, why in seen.found.not_configured.items():
            err.print(f"channel {escape(name)} is not configured: {escape(why)}", highlight=False)
        tell_stuck(stores)
    found, report = seen.found, seen.report
    out.print(
        f"{found.day or 'nothing published yet'}: {found.queued} queued, "
        f"{report.delivered} delivered, {report.failed} failed, {report.dead} given up, "
        f"{report.waiting} waiting",
        highlight=False,
    )
    others = (
        (report.scheduled, "not due yet"),
        (report.refused, "told that it was too much"),
        (report.repeats, "marked as a possible repeat"),
        (report.without_channel, "of channels that are not ready"),
    )
    told = ", ".join(f"{count} {words}" for count, words in others if count)
    if told:
        out.print(told, highlight=False)
    return exits.FAILED if report.failed or report.dead else exits.OK

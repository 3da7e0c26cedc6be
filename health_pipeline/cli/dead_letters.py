"""`health alerts replay`, and what is stuck, in words."""

from __future__ import annotations

from rich.markup import escape

from health_pipeline.adapters.store.outbox import undelivered
from health_pipeline.adapters.store.replay import replay
from health_pipeline.cli import exits
from health_pipeline.cli.house import err, out
from health_pipeline.orchestration.house import House, Stores


def replay_command(house: House, channel: str | None, key: str | None, *, everything: bool) -> int:
    """Bring dead messages back, or without a choice list them; exit 1 when one stays dead."""
    with house.open() as stores:
        if not (channel or key or everything):
            tell_stuck(stores)
            out.print("Choose with --channel NAME, --key KEY or --all.", highlight=False)
            return exits.OK
        done = replay(stores.control, House.now(), channel, key)
    out.print(
        f"{done.revived} brought back; `health alerts deliver` sends them, or the next tick",
        highlight=False,
    )
    if done.overtaken:
        err.print(
            f"{done.overtaken} stay dead: a later message of their key was delivered since",
            highlight=False,
        )
    return exits.FAILED if done.overtaken else exits.OK


def tell_stuck(stores: Stores) -> None:
    """A line for each channel in which messages are stuck; nothing when none is."""
    for one in undelivered(stores.control, House.now()):
        since = f" since {one.oldest_due_at:%Y-%m-%d %H:%M} UTC" if one.oldest_due_at else ""
        why = f": {one.last_error}" if one.last_error else ""
        line = f"{one.channel}: {one.overdue} waiting{since}, {one.dead} dead{why}"
        err.print(escape(line), highlight=False, soft_wrap=True)  # a line for each, to be grepped

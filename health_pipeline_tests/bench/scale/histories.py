"""What a longer history costs a daily run: nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from health_pipeline_tests.bench.line import ratio
from health_pipeline_tests.bench.measure import in_turns as spent_in_turns
from health_pipeline_tests.bench.scale.parts import One, Section
from health_pipeline_tests.bench.scale.sizes import Scale
from health_pipeline_tests.bench.scale.taken import Taken, in_turns, same
from health_pipeline_tests.bench.world import World

ABOUT = """A day's roll-up over the files that a run reads for it (those of the day, and of the days
of which something arrived late, each with the days beside it), and its windows, in a lake of {half}
and in one of {whole} earlier days, {events:,} events each; the longest window looks back 18 weeks,
and is full in both. Then `health run` of one more day over a
sample world of {accounts} accounts with {months} and with {twice} months. There every export is
handed in again as a whole, so twice the months are twice the rows to land; this is told, not
limited."""


def history(one: One, scale: Scale, folder: Path) -> Section:
    """The same day after a history, and after twice that history."""
    (short, long), (few, many) = lakes(one, scale), runs(scale, folder)
    half, months = scale.lake_days // 2, scale.months
    return Section(
        "Twice the history",
        ABOUT.format(
            half=half,
            whole=scale.lake_days,
            events=scale.lake_events,
            accounts=scale.sample_accounts,
            months=months,
            twice=2 * months,
        ),
        {
            f"Roll-up and windows of a day after {half} days": short,
            f"The same after {scale.lake_days} days": long,
            f"`health run` of one more day after {months} months": few,
            f"The same after {2 * months} months": many,
        },
        (
            ratio("a day after twice the history, to a day", long.spent, short.spent, 1.1),
            ratio("`health run` after twice the months, to after half", many.spent, few.spent),
        ),
    )


def lakes(one: One, scale: Scale) -> tuple[Taken, Taken]:
    """A daily run's roll-up and windows in the lake with half of the days, and with all."""
    found = in_turns(["daily_short", "daily_long"], scale.times, one)
    for table in found["daily_short"].gave:
        same(found, table, *found)
    return found["daily_short"], found["daily_long"]


def runs(scale: Scale, folder: Path) -> tuple[Taken, Taken]:
    """`health run` of one more day over the sample world, and over one of twice the months."""
    months = (scale.months, 2 * scale.months)
    worlds = [World(folder / f"sample_{count}", scale.sample_days) for count in months]
    for world, count in zip(worlds, months, strict=True):
        world.generate(scale.sample_accounts, count)
        world.first_run()
        world.keep()
    spent = spent_in_turns(
        scale.times, *(partial(world.daily_run, recorded=False) for world in worlds)
    )
    return Taken(spent[0], scale.times, {}), Taken(spent[1], scale.times, {})

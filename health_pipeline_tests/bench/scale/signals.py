"""What every source connected costs: from landed rows and windows of usage to scores."""

from __future__ import annotations

import json
from pathlib import Path

from health_pipeline_tests.bench.line import Line, peak, ratio
from health_pipeline_tests.bench.measure import Spent, child
from health_pipeline_tests.bench.scale.parts import One, Section
from health_pipeline_tests.bench.scale.sizes import END, Scale
from health_pipeline_tests.bench.scale.taken import Taken, in_turns, same

YEAR = 365
WORKS = {
    "scan_connected": "Scan of 90 days of activity and of every landed table, all columns",
    "attach": "The account of every landed row, found once a run by the stage of identity",
    "signals_of_day": "One day: source tables and windows to signals, scores and their files",
    "files_of_day": "Of it the files alone, everything being there",
    "signals_of_days": "The same of {days} days in one run",
    "every_signal_of_day": "One day of the whole default model: four watched signals more",
}

ABOUT = """{accounts:,} accounts with all source tables connected, {rows:,.0f} rows in
{megabytes:,.0f} MB: {users:,} users, ten tickets a year and most of them in two versions, one
integration observed daily and two weekly for sixty days, engagements, invoices, milestones,
sentiments and the others. The {signals} signals of the default model that count points or were
watched first, of every account: value, subscore, contribution; then score and held tier. Four more
are watched, one of which reads 90 days of activity for the first core use of new users; they are
told for themselves. Timed are reading the source tables with their
accounts, who is a customer, segments, signals, scores, and every file as the lake writes it; not
the windows of usage, which stand above, nor the account of each landed row, which the stage of
identity finds once a run and keeps, told for itself; and no contract checks. Signals read of the
tables what they ask for, while they are measured, so that reading is not told apart; the files of
the day are, for the limit speaks of signals to scores. Both runs gave the same last day. The year
is what so many days cost, less what a run costs once, multiplied: a run of
one day and one of {days} days tell both."""


def signals(one: One, scale: Scale, folder: Path) -> Section:
    """Every source connected, in a world of its own beside the activity."""
    told = child("-m", f"{__package__}.connected", folder, scale.text())
    return measured(one, scale, json.loads(told.out))


def measured(one: One, scale: Scale, facts: dict[str, float]) -> Section:
    """The section, in a world that is there; `facts`: rows, megabytes, signals."""
    often = ("scan_connected", "signals_of_day", "files_of_day")
    rest = tuple(name for name in WORKS if name not in often)
    found = {**in_turns(often, scale.times, one), **in_turns(rest, 1, one)}
    same(found, str(END), "signals_of_day", "signals_of_days")
    words = {name: text.format(days=scale.signal_days) for name, text in WORKS.items()}
    return Section(
        "Signals of all sources",
        ABOUT.format(accounts=scale.accounts, users=scale.users, days=scale.signal_days, **facts),
        {words[name]: found[name] for name in WORKS},
        _lines(found, scale.signal_days),
    )


def _lines(found: dict[str, Taken], count: int) -> tuple[Line, ...]:
    scan, attach, day, written, days, every = (found[name].spent for name in WORKS)
    unwritten = Spent(day.cpu - written.cpu, day.wall - written.wall)
    whole_day = Spent(attach.cpu + day.cpu, attach.wall + day.wall)
    year = Spent(
        attach.cpu + _multiplied(day.cpu, days.cpu, count),
        attach.wall + _multiplied(day.wall, days.wall, count),
    )
    return (
        ratio(
            "signals to scores and files of a day, to the scan of activity and sources",
            day,
            scan,
            2,
        ),
        ratio("signals to scores of a day, without its files, to the scan", unwritten, scan),
        peak("signals to scores of a day, peak memory", day, 1.5),
        ratio(f"a year (from {count} days) with accounts found, to a day", year, whole_day, 60),
        ratio(f"{count} days of signals to scores, to one", days, day),
        ratio("the whole default model, to thirty signals", every, day),
        ratio("accounts of all landed rows, to the scan", attach, scan),
        _told("accounts of all landed rows, peak memory", attach),
        _told(f"{count} days of signals to scores, peak memory", days),
    )


def _told(name: str, spent: Spent) -> Line:
    return Line(name, spent.peak / 1024, unit="GiB")


def _multiplied(one: float, many: float, count: int) -> float:
    """A year, when one day costs `one` and `count` days in one run cost `many`."""
    return one + (YEAR - 1) * (many - one) / (count - 1)

"""What is set beside what, and the limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from health_pipeline_tests.bench.line import Line, peak, ratio
from health_pipeline_tests.bench.measure import Spent
from health_pipeline_tests.bench.scale.sizes import END, Scale
from health_pipeline_tests.bench.scale.taken import Found, Taken, in_turns, same

One = Callable[[str], Taken]


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title, about: its heading, and what the reader must know to judge it.
        works: what was done, in words, and what it took.
        lines: the ratios.
    """

    title: str
    about: str
    works: Mapping[str, Taken] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


def _worded(found: Found, words: Mapping[str, str]) -> dict[str, Taken]:
    return {words[name]: found[name] for name in words}


DAY_WORKS = {
    "scan_day": "Scan of event_id, source_user_id, feature, occurred_at",
    "roll_up": "Roll-up: copies removed, users, accounts, features; with deliveries and unclaimed",
    "roll_up_trusting": "The same roll-up where nobody looks for copies, of the day without any",
    "roll_up_late": "Roll-up of the day over the files that a run reads, with what arrived late",
    "roll_up_twice": "Roll-up of a day with twice the events of the same users",
    "pandas": "pandas: `sort_values`, `drop_duplicates`, `groupby`, people merged after grouping",
    "row_number": "SQL: `row_number() over (partition by event_id)`, joins, `group by` (DuckDB)",
    "count_distinct": "SQL: joins, `count(distinct event_id)`, `group by` (DuckDB)",
}

DAY_ABOUT = """One day of {rows} user-days from about {events:,} landed events: UUIDs as text, 2 %
copies, 1 % late, one Parquet file as the lake lands it. Links of {users:,} users and {accounts:,}
accounts are in memory before the clock starts, for everybody. The roll-up, pandas and both queries
gave the same user-days, row for row; the roll-up alone also says which source delivered what, what
nobody claims, and which copies contradict each other, and finds copies in other files."""


def day(one: One, scale: Scale) -> Section:
    """One day of raw events."""
    found = in_turns(list(DAY_WORKS), scale.times, one)
    same(found, "activity", "roll_up", "roll_up_trusting", "pandas", "row_number", "count_distinct")
    spent = {name: taken.spent for name, taken in found.items()}
    ours, scan = spent["roll_up"], spent["scan_day"]
    rows = found["roll_up"].gave["activity"].split(" ")[0]
    return Section(
        "One day of raw events",
        DAY_ABOUT.format(
            rows=rows, events=scale.events_a_day, users=scale.users, accounts=scale.accounts
        ),
        _worded(found, DAY_WORKS),
        (
            ratio("roll-up of a day with dedupe, to the scan of its four columns", ours, scan, 7),
            ratio("roll-up of a day, to pandas", ours, spent["pandas"], 0.4),
            peak("roll-up of a day, peak memory", ours, 1.2),
            ratio("roll-up with dedupe, to without", ours, spent["roll_up_trusting"], 3),
            ratio("a day of twice the events, to a day", spent["roll_up_twice"], ours, 2.2),
            ratio("roll-up, to SQL with `row_number`", ours, spent["row_number"]),
            ratio("roll-up, to SQL with `count(distinct)`", ours, spent["count_distinct"]),
            ratio(
                "roll-up with late arrivals of days before, to the scan",
                spent["roll_up_late"],
                scan,
            ),
        ),
    )


WINDOWS_WORKS = {
    "scan_quarter": "Scan of all seven columns of 90 days of activity",
    "scan_quarter_users": "Scan of its account, user, day, known_on alone",
    "merge_users": "Distinct users: state read, one day merged, 7/30/90 counted, state written",
    "windows_of_day": "All windows and 14 weeks: the same, and events, core events, features, days",
    "sql_of_day": "SQL: `count(distinct user_id)` of 7, 30 and 90 days over the 90 days (DuckDB)",
}

WINDOWS_ABOUT = """The windows of {accounts:,} accounts on one day, from the state that the run of
the day before left behind. The work contains reading and writing its files. Distinct users equal
those of the SQL for every account."""


def windows(one: One, scale: Scale) -> Section:
    """The windows of one day."""
    found = in_turns(list(WINDOWS_WORKS), scale.times, one)
    same(found, str(END), "merge_users", "windows_of_day", "sql_of_day")
    spent = {name: taken.spent for name, taken in found.items()}
    merge, scan, whole = spent["merge_users"], spent["scan_quarter"], spent["windows_of_day"]
    return Section(
        "Windows of one day",
        WINDOWS_ABOUT.format(accounts=scale.accounts),
        _worded(found, WINDOWS_WORKS),
        (
            ratio("daily merge of distinct users, to the scan of 90 days", merge, scan, 0.5),
            ratio(
                "daily merge of distinct users, to the scan of their four columns",
                merge,
                spent["scan_quarter_users"],
            ),
            ratio("all windows of a day, to the scan of 90 days", whole, scan, 4),
            ratio("SQL `count(distinct)` of a day, to the daily merge", spent["sql_of_day"], merge),
        ),
    )


YEAR_WORKS = {
    "scan_year": "Scan of all seven columns of a year of activity",
    "distinct_of_year": "Distinct users of 7, 30, 90 days: every account, every day",
    "sql_of_days": "SQL: the same by `count(distinct user_id)`, for {counted} days",
    "scan_raw": "Scan of four columns of {raw} days of raw events",
    "roll_up_raw": "Roll-up of these {raw} days, in parts of 10 million events as a run does it",
    "windows_of_year": "All windows and 14 weeks of the year, every day's file published",
    "encoded": "Promised tables of {encoded} scored days encoded, nothing read or computed",
    "scores": "The same of {scored} days, with signals, contributions, scores, all files published",
}

YEAR_ABOUT = """{days} days of {accounts:,} accounts, {users:,} users. Where a line is about a year
of raw events, scores or SQL, {raw} days of raw events were scanned and rolled up, {scored} days
scored, {encoded} days of tables encoded and {counted} days counted by SQL; their seconds are
multiplied by {days}/{raw}, {days}/{scored}, {days}/{encoded} and {days}/{counted}, and the line
says so. All else was done for all days.
Distinct users of the counted days equal those of the SQL for every account. Signals are those of
the default model that usage alone determines, of every account and day: value, subscore,
contribution; then score and held tier. Every file is written as the lake writes it: hashed,
synced, entered in the manifest."""

ONCE = ("windows_of_year", "scores")


def year(one: One, scale: Scale) -> Section:
    """Twelve months of activity."""
    often = [name for name in YEAR_WORKS if name not in ONCE]
    found = {**in_turns(often, scale.times, one), **in_turns(ONCE, 1, one)}
    for counted in scale.counted:
        same(found, str(counted), "distinct_of_year", "sql_of_days")
    days = {
        "days": scale.year,
        "raw": len(scale.raw_days),
        "encoded": scale.encoded_days,
        "scored": scale.scored_days,
        "counted": scale.counted_days,
    }
    words = {name: text.format(**days) for name, text in YEAR_WORKS.items()}
    return Section(
        "Twelve months",
        YEAR_ABOUT.format(accounts=scale.accounts, users=scale.users, **days),
        _worded(found, words),
        _year_lines({name: taken.spent for name, taken in found.items()}, scale),
    )


def _year_lines(spent: Mapping[str, Spent], scale: Scale) -> tuple[Line, ...]:
    distinct, windowed, scan = (
        spent[name] for name in ("distinct_of_year", "windows_of_year", "scan_year")
    )
    raw, rolled_up = (
        _times(spent[name], scale.year / len(scale.raw_days))
        for name in ("scan_raw", "roll_up_raw")
    )
    sql = _times(spent["sql_of_days"], scale.year / scale.counted_days)
    scored = _times(spent["scores"], scale.year / scale.scored_days)
    encoded = _times(spent["encoded"], scale.year / scale.encoded_days)
    return (
        ratio("distinct users of a year, to the scan of its activity", distinct, scan, 8),
        ratio("SQL per day (multiplied), to the same", sql, distinct, 100, at_least=True),
        peak("distinct users of a year, peak memory", distinct, 2),
        ratio("windows and their files of a year, to a raw scan (multiplied)", windowed, raw),
        peak("windows and their files of a year, peak memory", windowed, 2),
        ratio("windows, files, scores (multiplied), to a raw scan (multiplied)", scored, raw, 1),
        ratio("promised tables encoded (multiplied), to a raw scan (multiplied)", encoded, raw),
        peak("windows, files, scores, peak memory", spent["scores"], 2),
        ratio(
            "from raw: roll-up and scores (multiplied), to a raw scan (multiplied)",
            _sum(rolled_up, scored),
            raw,
            8,
        ),
    )


def _times(spent: Spent, factor: float) -> Spent:
    return Spent(spent.cpu * factor, spent.wall * factor)


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(one.cpu + other.cpu, one.wall + other.wall)

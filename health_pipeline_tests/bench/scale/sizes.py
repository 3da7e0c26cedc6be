"""How large the generated world is. Imported by the process that starts others: no libraries."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta

END = date(2025, 6, 30)
"""Last day of the data."""

LONGEST = 90
"""Days of the longest window."""

THREADS = 2
"""Of every engine and library, so that nobody has more of the machine than another."""


def days_before(last: date, count: int) -> list[date]:
    """The `count` days that end on `last`."""
    return [last - timedelta(days=n) for n in reversed(range(count))]


@dataclass(frozen=True)
class Scale:
    """Sizes of the generated world, and how often a work of seconds is repeated.

    Attributes:
        accounts, users: who there is; sizes of accounts follow Zipf's law.
        active: users active on a mean day.
        events: raw events of all generated days. `events_a_day`: of one day.
        year: days of user-day activity.
        scored_days: days of it that are scored, too.
        encoded_days: days whose tables are encoded, and nothing else.
        signal_days: days that are scored with every source connected.
        lake_days: days before the last one in the small lake whose history is halved; half of them
            hold the longest window, so that no window holds less in the shorter one.
        lake_events: raw events of each of its days.
        months, sample_accounts: of the sample world whose history is doubled; `sample_days`: days
            that its first run scores, None as `health run` chooses them.
        counted_days: days on which SQL counts what the engine counts for all days.
        times: repetitions of what takes seconds.
    """

    accounts: int = 50_000
    users: int = 1_000_000
    active: int = 82_000
    events: int = 10_000_000
    events_a_day: int = 3_300_000
    year: int = 365
    scored_days: int = 91
    encoded_days: int = 6
    signal_days: int = 28
    lake_days: int = 280
    lake_events: int = 50_000
    months: int = 12
    sample_accounts: int = 200
    sample_days: int | None = None
    counted_days: int = 3
    times: int = 3

    def text(self) -> str:
        """As the processes that work are told it."""
        return json.dumps(asdict(self))

    @property
    def raw_days(self) -> list[date]:
        """Days of which there are raw events."""
        return days_before(END, max(round(self.events / self.events_a_day), 1))

    @property
    def year_days(self) -> list[date]:
        """Days of which there is user-day activity."""
        return days_before(END, self.year)

    @property
    def counted(self) -> list[date]:
        """Days on which SQL counts, too: spread over the last half of the year."""
        days = self.year_days
        return [
            days[-1 - n * self.year // (2 * self.counted_days)] for n in range(self.counted_days)
        ]


SMALL = Scale(
    accounts=60,
    users=900,
    active=200,
    events=9_000,
    events_a_day=3_000,
    year=120,
    scored_days=20,
    encoded_days=3,
    signal_days=4,
    lake_days=280,
    lake_events=50,
    months=3,
    sample_accounts=30,
    sample_days=3,
    counted_days=2,
    times=1,
)
"""Enough to see that everything is measured and that results agree."""

"""The span of the world: its days, its rhythm, and one seeded stream for each room.

Draws are keyed by room, account and calendar month, never by how long the world is. So a world of
the same seed and first month that ends later repeats all earlier rows.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from health_pipeline.core.schemas.time import days_between

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BURN_IN_DAYS = 210  # health before the first day, for decisions made soon after it
LOOK_AHEAD_DAYS = 280  # health after the last day: a churn casts its shadow before it happens
GAP_MONTHS = (2, 6, 11)  # the product delivers nothing on one Wednesday of these months
SUPPORT_GAP_MONTH = 3  # the support desk was moved: a week of tickets is lost


def stream(seed: int, room: str, *keys: int) -> np.random.Generator:
    """The random numbers of one `room` (a name), optionally of one account or month of it."""
    entropy = [seed, zlib.crc32(room.encode()), *keys]
    return np.random.default_rng(np.random.SeedSequence(entropy))


def at(day: date, seconds: float = 0) -> datetime:
    """The UTC moment `seconds` (whole ones count) after the start of `day`."""
    return datetime.combine(day, time.min, tzinfo=UTC) + timedelta(seconds=int(seconds))


def days_after(day: date, days: float) -> date:
    """The date `days` (rounded down) after `day`."""
    return day + timedelta(days=int(days))


def month_starts(first: date, last: date) -> list[date]:
    """First days of all months from that of `first` to that of `last`."""
    span = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(n // 12, n % 12 + 1, 1) for n in span]


@dataclass(frozen=True)
class Window:
    """Days from `start` (the first of a month) to `end`; paths are indexed from `origin`."""

    start: date
    end: date

    @classmethod
    def ending(cls, end: date, months: int) -> Window:
        """The window whose last of `months` calendar months contains `end`.

        Raises:
            ValueError: fewer than one month.
        """
        if months < 1:
            raise ValueError(f"months is {months}; a world needs at least 1")
        first = end.year * 12 + end.month - months
        return cls(date(first // 12, first % 12 + 1, 1), end)

    @property
    def origin(self) -> date:
        """Day 0 of the latent paths."""
        return self.start - timedelta(days=BURN_IN_DAYS)

    @cached_property
    def last(self) -> date:
        """Last day of the month of `end`: rooms are drawn to here, then cut at `end`."""
        following = date(self.end.year + self.end.month // 12, self.end.month % 12 + 1, 1)
        return following - timedelta(days=1)

    @cached_property
    def horizon(self) -> date:
        """Last day with latent health."""
        return self.last + timedelta(days=LOOK_AHEAD_DAYS)

    @cached_property
    def n_days(self) -> int:
        """Number of days of a latent path."""
        return (self.horizon - self.origin).days + 1

    def index(self, day: date) -> int:
        """Place of `day` in a path; days outside of it get the nearest end."""
        return min(max((day - self.origin).days, 0), self.n_days - 1)

    @cached_property
    def months(self) -> list[date]:
        """First days of the months of the window."""
        return month_starts(self.start, self.last)

    @cached_property
    def product_gaps(self) -> list[date]:
        """Days on which the product source delivered nothing; never in the last 14 days."""
        firsts = [self.months[n] for n in GAP_MONTHS if n < len(self.months)]
        sixths = [first + timedelta(days=5) for first in firsts]
        wednesdays = [day + timedelta(days=(2 - day.weekday()) % 7) for day in sixths]
        return [day for day in wednesdays if (self.end - day).days >= 14]

    @cached_property
    def support_gap(self) -> tuple[date, date] | None:
        """First and last day of the lost week of tickets; None in a world too short for it."""
        if len(self.months) <= SUPPORT_GAP_MONTH:
            return None
        first = self.months[SUPPORT_GAP_MONTH] + timedelta(days=7)
        last = first + timedelta(days=6)
        return (first, last) if (self.end - last).days >= 14 else None


def month_days(first: date) -> list[date]:
    """All days of the month that begins on `first`."""
    return days_between(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def month_key(day: date) -> int:
    """The month of `day` as a number, for stream keys."""
    return day.year * 12 + day.month


def is_holiday(day: date) -> bool:
    """The quiet days between the years: 24 December to 1 January."""
    return (day.month, day.day) >= (12, 24) or (day.month, day.day) == (1, 1)


def rhythm(days: list[date]) -> Floats:
    """Share of the usual activity on each of `days`: weekdays near 1, weekends and holidays low."""
    by_weekday = (1.0, 1.05, 1.05, 1.0, 0.85, 0.12, 0.09)
    return np.array([by_weekday[d.weekday()] * (0.2 if is_holiday(d) else 1.0) for d in days])


def expit(x: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)


def chance(x: float) -> float:
    """The logistic function of one number."""
    return 1.0 / (1.0 + float(np.exp(-x)))

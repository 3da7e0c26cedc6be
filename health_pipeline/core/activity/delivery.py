"""Whether a source delivered a day, or its silence is only our ignorance (contracts.md).

Judged for each source and plan. A day is not delivered

- if fewer than `delivered_share` of its regular accounts (active on at least 3 of the same
  weekday's last 4 dates) sent anything; a holiday is exempt;
- if nothing at all arrived from the source, on whatever plan: silence of everybody is never
  turned into zeros, also where no account is regular.

Otherwise it is delivered, also when a plan has no regular account. Days before a source's first
row are therefore not delivered. Who is regular, and of which plan an account was, is judged by
what was known on the day itself, so that a verdict does not depend on who asks for it when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.time import day_number, days_between

SAME_WEEKDAYS = 4
REGULAR_DATES = 3
LONGEST_WINDOW = 90
SILENT_BACK = 125
"""Days on which a source is looked for: what it showed longer ago is in no window any more."""

NEVER = 2**30

DELIVERED: dict[str, pl.DataType] = {
    "source": pl.String(),
    "plan": pl.String(),
    "day": pl.Date(),
    "delivered_known_on": pl.Date(),
}
"""`delivered_known_on`: the first day by whose end the day counted as delivered; null = never."""

Ints = npt.NDArray[np.int32]
Plans = Callable[[date], pl.Series]
"""The plans (text, null = unknown) of all accounts of a `Shown`, in its order, on a day."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Since when it is known that a source showed an account on a day.

    Attributes:
        accounts: ids, distinct.
        first: the first day held, as a number since 1970.
        known: for each source days × accounts: the day on which it became known, `NEVER` if not.
    """

    accounts: pl.Series
    first: int
    known: Mapping[str, Ints]

    @classmethod
    def of(cls, source_days: pl.DataFrame, accounts: pl.Series, first: date, last: date) -> Shown:
        """From `SOURCE_DAYS` rows; those known after `last`, and days outside, are left out."""
        rows = source_days.filter(
            pl.col("day").is_between(first, last) & (pl.col("known_on") <= last)
        ).with_columns(pl.max_horizontal("day", "known_on").alias("known_on"))
        kind = pl.Categorical(pl.Categories.random())
        numbered = accounts.cast(kind)  # numbers them in their order, as long as it lives
        start, days = day_number(first), (last - first).days + 1
        known = {}
        for (source,), part in sorted(rows.partition_by("source", as_dict=True).items()):
            code = part["account_id"].cast(kind).to_physical().cast(pl.Int64).to_numpy()
            day, on = (part[n].to_physical().to_numpy() for n in ("day", "known_on"))
            held = code < len(numbered)
            grid = np.full(days * len(numbered), NEVER, dtype=np.int32)
            place = (day[held] - start).astype(np.int64) * len(numbered) + code[held]
            np.minimum.at(grid, place, on[held])
            known[str(source)] = grid.reshape(days, len(numbered))
        return cls(accounts, start, known)

    def row(self, source: str, day: int) -> Ints | None:
        """Since when each account is known to have been shown on `day`; None outside the days."""
        place = day - self.first
        return self.known[source][place] if 0 <= place < len(self.known[source]) else None


def _is_holiday(day: date, rules: ActivityRules) -> bool:
    """Whether `day` is named by date (2026-12-25) or by month and day (12-25)."""
    return bool({day.isoformat(), day.isoformat()[5:]} & set(rules.holidays))


def _regulars(shown: Shown, source: str, day: int) -> npt.NDArray[np.bool_]:
    """Accounts from which something was to be expected on `day`."""
    dates = np.zeros(len(shown.accounts), dtype=np.int8)
    for weeks in range(1, SAME_WEEKDAYS + 1):
        row = shown.row(source, day - 7 * weeks)
        if row is not None:
            dates += row <= day
    return dates >= REGULAR_DATES


def _reached(arrivals: Ints, share: float) -> int:
    """When enough of the regular accounts, known since `arrivals`, had been seen."""
    # Floating point: 35 × 0.2 is a little more than 7, and 7 are enough.
    needed = max(1, int(np.ceil(len(arrivals) * share - 1e-9)))
    return int(np.partition(arrivals, needed - 1)[needed - 1])


def delivered(
    shown: Shown, plans: Plans, first: date, last: date, rules: ActivityRules
) -> pl.DataFrame:
    """Which days each source delivered for each plan, and since when that is known.

    Args:
        shown: holds the days from `first` − 28 on.
        plans: of which plan an account was on each day.
        first: first day judged.
        last: last day judged.
        rules: the share and the holidays.

    Returns:
        `DELIVERED`: one row for each source, each day and each plan of an account that the source
        showed on that day, or that was to be expected.
    """
    rows = []
    for day in days_between(first, last):
        number, exempt = day_number(day), _is_holiday(day, rules)
        codes, names = _coded(plans(day))
        for source in shown.known:
            row = shown.row(source, number)
            arrived = int(row.min(initial=NEVER)) if row is not None else NEVER
            regular = _regulars(shown, source, number)
            for code, plan in enumerate(names):
                of_plan = regular & (codes == code)
                reached = arrived
                if row is not None and not exempt and of_plan.any():
                    reached = _reached(row[of_plan], rules.delivered_share)
                rows.append((source, plan, number, None if reached == NEVER else reached))
    judged = pl.DataFrame(
        rows,
        schema={"source": pl.String, "plan": pl.String, "day": pl.Int32, "on": pl.Int32},
        orient="row",
    )
    return judged.select(
        "source",
        "plan",
        pl.col("day").cast(pl.Date),
        pl.col("on").cast(pl.Date).alias("delivered_known_on"),
    ).sort("source", "plan", "day", nulls_last=True)


def _coded(plans: pl.Series) -> tuple[npt.NDArray[np.int64], list[str | None]]:
    """A number for each account's plan, and the plans in the order of these numbers."""
    names = plans.unique().sort(nulls_last=True).to_list()
    numbers = pl.Series(range(len(names)), dtype=pl.Int64)
    known = pl.Series([name for name in names if name is not None], dtype=pl.String)
    codes = plans.replace_strict(known, numbers[: len(known)], default=len(names) - 1)
    return codes.cast(pl.Int64).to_numpy(), names


def last_delivered(
    shown: Shown,
    judged: pl.DataFrame,
    plans: Plans,
    day: date,
    used: npt.NDArray[np.bool_] | None = None,
) -> pl.Series:
    """Up to which day each account's usage is known at the end of `day`.

    The least over the account's sources of the last day that each delivered. A source that has
    not shown the account for 90 days has nothing in any window, and is asked only where the
    account has no other. An account that none has shown lately is silent, not unknown: every
    source is asked for it.

    Args:
        shown: holds the `SILENT_BACK` days that end on `day`.
        judged: `delivered`, reaching as far back as an outage may last.
        plans: of which plan an account is on `day`.
        day: the day D.
        used: whether some source showed usage of the account by D, however long ago.

    Returns:
        In the order of `shown.accounts`: the day; null: no source of the account delivered any
        judged day, or none ever showed it.
    """
    done = judged.filter((pl.col("delivered_known_on") <= day) & (pl.col("day") <= day))
    codes, names = _coded(plans(day))
    today = day_number(day)
    never, size = -NEVER, len(shown.accounts)
    shown_on = {source: _shown_on(shown, source, today) for source in shown.known}
    recent = np.zeros(size, dtype=np.bool_)
    for on in shown_on.values():
        recent |= on > today - LONGEST_WINDOW
    least, seen = np.full(size, NEVER, dtype=np.int64), np.zeros(size, dtype=np.bool_)
    for source, on in shown_on.items():
        latest = _latest(done, source, names)[codes]
        asked = (on > never) & ((on > today - LONGEST_WINDOW) | ~recent)
        least = np.where(asked, np.minimum(least, latest), least)
        seen |= on > never
    if used is not None:
        ends = done.group_by("source").agg(pl.col("day").max())["day"]
        alive = ends.filter(ends > day - timedelta(days=LONGEST_WINDOW)).min()
        silent = never if not isinstance(alive, date) else day_number(alive)
        least = np.where(used & ~seen, silent, least)
        seen = seen | used
    known = seen & (least > never) & (least < NEVER)
    return pl.select(
        pl.when(pl.Series(known)).then(pl.Series(least)).cast(pl.Int32).cast(pl.Date)
    ).to_series()


def _shown_on(shown: Shown, source: str, today: int) -> npt.NDArray[np.int64]:
    """The last day on which the source showed each account, as known by the end of `today`."""
    from_row = max(0, today - SILENT_BACK + 1 - shown.first)
    known = shown.known[source][from_row : today + 1 - shown.first] <= today
    back = known[::-1].argmax(axis=0)
    last = shown.first + from_row + len(known) - 1 - back
    return np.where(known.any(axis=0), last, -NEVER)


def _latest(done: pl.DataFrame, source: str, names: list[str | None]) -> npt.NDArray[np.int64]:
    """The last delivered day of each plan; −NEVER where the source delivered none."""
    of = done.filter(pl.col("source") == source)
    last = dict(of.group_by("plan").agg(pl.col("day").max()).iter_rows())
    return np.array(
        [day_number(last[name]) if name in last else -NEVER for name in names], dtype=np.int64
    )

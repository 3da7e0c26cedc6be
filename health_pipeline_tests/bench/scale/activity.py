"""A long history of user-days, one day after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import polars as pl

from health_pipeline.core.schemas.frames import ACTIVITY
from health_pipeline_tests.bench.scale.events import FEATURES, counts
from health_pipeline_tests.bench.scale.people import People

EVENTS_A_USER_DAY = 40
CORE_SHARE = FEATURES["workflows"] + FEATURES["automations"]
LATE = 0.01
"""Share of user-days of which something became known on a later day."""


def user_days(people: People, days: Sequence[date]) -> Iterator[tuple[date, pl.DataFrame]]:
    """What became known on each of `days`: `ACTIVITY` rows, sorted as the roll-up sorts them."""
    waiting: dict[date, list[pl.DataFrame]] = defaultdict(list)
    for day in days:
        rng = np.random.default_rng([5, day.toordinal()])
        rows = _worked(rng, people, day)
        late = rows.filter(pl.Series(rng.random(rows.height) < LATE))
        delay = 1 + rng.geometric(0.4, late.height)
        late = late.with_columns(
            (pl.col("day") + pl.duration(days=pl.lit(pl.Series(delay)))).alias("known_on"),
            pl.lit(1, pl.Int64).alias("events"),
            pl.lit(0, pl.Int64).alias("core_events"),
        )
        for key, part in late.partition_by("known_on", as_dict=True).items():
            waiting[key[0]].append(part)
        yield (
            day,
            pl.concat([rows, *waiting.pop(day, [])])
            .select(pl.col(name).cast(dtype) for name, dtype in ACTIVITY.items())
            .sort("account_id", "user_id", "day", "known_on"),
        )


def _worked(rng: np.random.Generator, people: People, day: date) -> pl.DataFrame:
    """Users of one day, with as many features as so many events are likely to reach."""
    users = people.active(rng, day.weekday())
    events = counts(rng, len(users), EVENTS_A_USER_DAY)
    mask = np.zeros(len(users), dtype=np.int64)
    for bit, share in enumerate(FEATURES.values()):
        mask |= (rng.random(len(users)) < 1 - (1 - share) ** events).astype(np.int64) << bit
    return pl.DataFrame(
        {
            "account_id": people.account_id.gather(users),
            "user_id": people.user_id.gather(users),
            "day": pl.repeat(day, len(users), dtype=pl.Date, eager=True),
            "known_on": pl.repeat(day, len(users), dtype=pl.Date, eager=True),
            "events": events,
            "core_events": rng.binomial(events, CORE_SHARE),
            "features": mask,
        }
    )

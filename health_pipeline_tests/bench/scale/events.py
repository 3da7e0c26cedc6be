"""Raw events of one day in the landed shape, with copies and late ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl
import pyarrow as pa

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.event_landing import EVENT_ROWS
from health_pipeline_tests.bench.scale.people import SOURCE, Ints, People
from health_pipeline_tests.bench.scale.sizes import END

FEATURES = {
    "dashboards": 0.30,
    "reports": 0.18,
    "workflows": 0.14,
    "automations": 0.10,
    "integrations": 0.07,
    "api": 0.06,
    "exports": 0.05,
    "admin": 0.04,
    "sso": 0.03,
    "alerts": 0.03,
}
"""Values of `events.feature` that the default model knows, and their shares."""

SPREAD = 1.2
"""Sigma of the log-normal number of events that a user has on a day."""

COPIED, NEXT_DAY, LATE = 0.02, 0.1, 0.01
"""Shares: of events delivered twice, of those the next day, of events that arrive days later."""

DAY_SECONDS = 86_400
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES = (8, 13, 18, 23)


def counts(rng: np.random.Generator, users: int, mean: float) -> Ints:
    """How many events each of `users` has on a day, at least one."""
    drawn = rng.lognormal(np.log(mean) - SPREAD**2 / 2, SPREAD, users)
    return np.maximum(drawn, 1).astype(np.int64)


def landed(people: People, day: date, rows: int, *, copies: bool = True) -> pl.DataFrame:
    """About `rows` landed events that occurred on `day`, of which END knows, as they arrived.

    Without `copies` the same events, each once, in its earliest copy.
    """
    rng = np.random.default_rng([4, day.toordinal()])
    users = people.active(rng, day.weekday())
    user = np.repeat(users, counts(rng, len(users), rows / (len(users) * (1 + COPIED))))
    once = _once(rng, people, day, user)
    copied = rng.random(len(user)) < COPIED
    next_day = rng.random(len(user)) < NEXT_DAY
    delay = rng.exponential(240, len(user)) + np.where(next_day, DAY_SECONDS, 0)
    later = pl.col("known_at") + pl.Series(delay * 1e6).cast(pl.Duration("us"))
    again = once.with_columns(later.alias("known_at")).filter(pl.Series(copied))
    end = datetime.combine(END, time.max, tzinfo=UTC)
    return (
        (pl.concat([once, again]) if copies else once)
        .filter(pl.col("known_at") <= end)
        .with_columns(
            pl.col("known_at").alias("received_at"),
            pl.lit(value=False).alias("known_assumed"),
            pl.format("events/{}.parquet", pl.lit(day.isoformat())).alias("origin"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in EVENT_ROWS.items())
        .sort("known_at", "event_id")
    )


def _once(rng: np.random.Generator, people: People, day: date, user: Ints) -> pl.DataFrame:
    """Each event once. People work around noon; what arrives late is days late."""
    rows = len(user)
    midnight = datetime.combine(day, time.min, tzinfo=UTC)
    seconds = rng.normal(0.55, 0.17, rows) % 1 * DAY_SECONDS
    minutes = rng.lognormal(np.log(60), 1.0, rows)
    late = rng.random(rows) < LATE
    delay = np.where(late, DAY_SECONDS * (0.5 + rng.exponential(1.5, rows)), minutes)
    feature = rng.choice(len(FEATURES), rows, p=list(FEATURES.values())).astype(np.uint32)

    def moment(offset: np.ndarray) -> pl.Series:
        span = pl.Series((offset * 1000).astype(np.int64) * 1000).cast(pl.Duration("us"))
        return (pl.Series([midnight], dtype=TIMESTAMP) + span).cast(TIMESTAMP)

    return pl.DataFrame(
        {
            "source": pl.repeat(SOURCE, rows, eager=True),
            "event_id": uuids(rng, rows),
            "occurred_at": moment(seconds),
            "source_user_id": people.source_user_id.gather(user),
            "source_account_id": people.source_account_id.gather(user),
            "event_name": pl.repeat("feature_used", rows, eager=True),
            "feature": pl.Series(list(FEATURES)).gather(feature),
            "quantity": pl.repeat(None, rows, dtype=pl.Float64, eager=True),
            "known_at": moment(seconds + delay),
        }
    )


def uuids(rng: np.random.Generator, rows: int) -> pl.Series:
    """Random version-4 UUIDs as text."""
    drawn = np.frombuffer(rng.bytes(16 * rows), dtype=np.uint8).reshape(rows, 16).copy()
    drawn[:, 6], drawn[:, 8] = drawn[:, 6] & 0x0F | 0x40, drawn[:, 8] & 0x3F | 0x80
    text = np.full((rows, 36), ord("-"), dtype=np.uint8)
    places = [n for n in range(36) if n not in _DASHES]
    text[:, places[0::2]], text[:, places[1::2]] = _HEX[drawn >> 4], _HEX[drawn & 15]
    ends = np.arange(0, 36 * rows + 1, 36, dtype=np.int64)
    array = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(text))
    return pl.Series(values=pl.from_arrow(array))

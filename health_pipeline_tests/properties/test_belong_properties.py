"""The law of `linked_at`: the least, over all chains to a root, of the latest link of the chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from health_pipeline.core.identity.belong import known_to_belong
from health_pipeline.core.identity.forest import united

START = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 7
DAYS = st.integers(0, 9)
RECORD = st.integers(0, SIZE - 1)


def by_hand(own: list[int], links: list[tuple[int, int, int]], roots: set[int]) -> list[int]:
    """Relaxed until nothing improves."""
    least = [0 if record in roots else 99 for record in range(SIZE)]
    for _ in range(SIZE):
        for left, right, day in links:
            for one, other in ((left, right), (right, left)):
                least[other] = min(least[other], max(least[one], day))
    return [max(mine, since) for mine, since in zip(own, least, strict=True)]


@given(
    st.lists(DAYS, min_size=SIZE, max_size=SIZE),
    st.lists(st.tuples(RECORD, RECORD, DAYS).filter(lambda link: link[0] != link[1]), max_size=12),
    st.sets(RECORD),
)
def test_a_record_belongs_since_its_best_chain_is_known(own, links, more_roots):
    table = pl.DataFrame(links, schema=["left", "right", "day"], orient="row").cast(pl.Int64)
    left, right = (table[side].to_numpy() for side in ("left", "right"))
    labels = united(np.arange(SIZE), left, right)
    roots = set(labels.tolist()) | more_roots
    known = pl.Series("known_at", [START + timedelta(days=day) for day in own])
    at = pl.lit(START) + pl.duration(days="day")
    found = known_to_belong(
        known,
        table.with_columns(at.alias("known_at")),
        np.isin(np.arange(SIZE), list(roots)),
        labels,
    )
    assert [(moment - START).days for moment in found] == by_hand(own, links, roots)

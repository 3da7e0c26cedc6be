from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.activity.owners import NEVER, Owners

ACCOUNTS = 5
# Keys that share all bits but the last, which do not fit beside the account, and others.
KEYS = st.sampled_from([0, 1, 2, 7, 8, 9, 2**63, 2**64 - 2, 2**64 - 1])
PAIRS = st.lists(st.tuples(KEYS, st.integers(0, ACCOUNTS - 1)), max_size=12)


def asked(pairs):
    return (
        np.array([key for key, _ in pairs], dtype=np.uint64),
        np.array([account for _, account in pairs], dtype=np.int32),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(PAIRS, max_size=3), min_size=1, max_size=3))
def test_every_pair_keeps_its_own_place_whatever_the_order(batches):
    owners, last = Owners(ACCOUNTS), dict[tuple[int, int], int]()
    for day, batch in enumerate(batches):
        parts = [asked(pairs) for pairs in batch]
        for pairs, places in zip(batch, owners.places(parts), strict=True):
            owners.last[places] = day
            last |= dict.fromkeys(pairs, day)
        found = zip(owners.key.tolist(), owners.account.tolist(), strict=True)
        assert dict(zip(found, owners.last.tolist(), strict=True)) == last
    ordered = sorted(last, key=lambda pair: (pair[1], pair[0]))
    assert list(zip(owners.key.tolist(), owners.account.tolist(), strict=True)) == ordered


@given(st.permutations([(0, 1), (1, 1), (2, 0), (7, 4), (2**64 - 1, 0)]))
def test_a_state_in_any_order_is_taken_up(pairs):
    days = np.arange(len(pairs), dtype=np.int32)
    owners = Owners.of(ACCOUNTS, *asked(pairs), days, days + 10)
    (places,) = owners.places([asked(pairs)])
    assert owners.last[places].tolist() == days.tolist()
    assert owners.last_core[places].tolist() == (days + 10).tolist()


@pytest.mark.parametrize(("last", "kept"), [([1, 1, 1, 9], [9]), ([1, 9, 9, 9], [1, 9, 9, 9])])
def test_those_not_seen_for_long_are_left_out_when_they_are_many(last, kept):
    pairs = [(n, 0) for n in range(len(last))]
    days = np.array(last, dtype=np.int32)
    owners = Owners.of(ACCOUNTS, *asked(pairs), days, days)
    owners.forget(5)
    assert owners.last.tolist() == kept
    owners.places([asked(pairs)])
    assert sorted(owners.last.tolist()) == sorted([*kept, *[NEVER] * (len(last) - len(kept))])

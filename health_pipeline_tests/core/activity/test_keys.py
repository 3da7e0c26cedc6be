from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.activity.keys import user_keys


@pytest.mark.parametrize(
    ("why", "ids", "expected"),
    [
        ("our ids carry their 64 bits", ["usr_00000000000000ff"], [255]),
        ("the largest", ["usr_ffffffffffffffff"], [2**64 - 1]),
        ("none", [], []),
    ],
)
def test_ids_of_this_product_are_their_own_numbers(why, ids, expected):
    keys = user_keys(pl.Series(ids, dtype=pl.String))
    assert keys.dtype == pl.UInt64
    assert keys.to_list() == expected, why


def test_other_ids_get_a_number_that_never_changes():
    ids = ["u", "usr_00000000000000ff", "usr_ff", "usr_00000000000000fg", "", "ü", "u"]
    keys = user_keys(pl.Series(ids)).to_list()
    assert keys[1] == 255
    assert keys[0] == keys[6] == 448206074779521544
    assert len(set(keys)) == 6

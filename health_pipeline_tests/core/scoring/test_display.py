from __future__ import annotations

import pytest

from health_pipeline.core.scoring.display import shown_parts

PARTS = [
    ("thirds of 100", [100 / 3] * 3, 100.0, [33.4, 33.3, 33.3]),
    ("the largest remainder is raised", [20.06, 28.125, 18.065], 66.2, [20.0, 28.1, 18.1]),
    ("exact parts stay", [4.0, -1.25, 3.0, 0.3], 6.0, [4.0, -1.3, 3.0, 0.3]),
    ("negative parts", [-11.46, 2.23, 1.2], -8.0, [-11.4, 2.2, 1.2]),
    ("nothing", [], 0.0, []),
    ("binary noise", [0.1 + 0.2, 0.7], 1.0, [0.3, 0.7]),
]


@pytest.mark.parametrize(("why", "parts", "total", "shown"), PARTS, ids=[p[0] for p in PARTS])
def test_parts_add_up(why, parts, total, shown):
    found = shown_parts(parts, total)
    assert found == pytest.approx(shown), why
    assert sum(found) == pytest.approx(total), why


@pytest.mark.parametrize("total", [5.0, 3.1, 2.9])
def test_a_total_that_is_not_theirs_is_refused(total):
    with pytest.raises(ValueError, match=f"cannot be shown as {total}"):
        shown_parts([1.0, 2.0], total)

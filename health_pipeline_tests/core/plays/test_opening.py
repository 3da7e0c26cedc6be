"""When steps are due, and which episodes are held out."""

from __future__ import annotations

from datetime import date

import pytest

from health_pipeline.core.plays.opening import due, is_held_out
from health_pipeline.core.plays.params import Step

THURSDAY, SATURDAY = date(2026, 12, 24), date(2026, 12, 26)
CHRISTMAS = (date(2026, 12, 25), date(2026, 12, 28))

CASES = [
    ("days count through", {"due_days": 3}, THURSDAY, CHRISTMAS, date(2026, 12, 27)),
    ("working days skip the weekend", {"due_working_days": 2}, THURSDAY, (), date(2026, 12, 28)),
    ("and holidays", {"due_working_days": 2}, THURSDAY, CHRISTMAS, date(2026, 12, 30)),
    ("the same day", {"due_working_days": 0}, THURSDAY, (), THURSDAY),
    ("what opens on a Saturday", {"due_working_days": 0}, SATURDAY, (), date(2026, 12, 28)),
    ("counts from Monday on", {"due_working_days": 1}, SATURDAY, (), date(2026, 12, 29)),
]


@pytest.mark.parametrize(
    ("why", "when", "day", "holidays", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_when_a_step_is_due(why, when, day, holidays, expected):
    assert due(Step(text="Call", **when), day, holidays) == expected


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.5])
def test_so_many_episodes_are_held_out_and_always_the_same(share):
    held = [is_held_out(f"episode{n}", share) for n in range(4000)]
    assert abs(sum(held) / len(held) - share) < 0.02
    assert held == [is_held_out(f"episode{n}", share) for n in range(4000)]
    more = [is_held_out(f"episode{n}", min(0.5, share + 0.1)) for n in range(4000)]
    assert all(b for a, b in zip(held, more, strict=True) if a)

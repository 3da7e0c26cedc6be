from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from health_pipeline.core.scoring.tiers import HELD, hold, tier_by_score
from health_pipeline_tests.core.scoring.world import DAY, NOT_PUBLISHED, RULES

G, Y, R, U = "green", "yellow", "red", "unscored"


def _raw(scores, hard=(), caps=None, account="a", start=DAY):
    """One row a day; "-" leaves the day out, None is unscored."""
    rows = [
        {
            "account_id": account,
            "date": start + timedelta(days=n),
            "score": score,
            "hard": n in hard,
            "cap": (caps or {}).get(n),
        }
        for n, score in enumerate(scores)
        if score != "-"
    ]
    schema = {
        "account_id": pl.String(),
        "date": pl.Date(),
        "score": pl.Float64(),
        "hard": pl.Boolean(),
        "cap": pl.String(),
    }
    frame = pl.DataFrame(rows, schema=schema)
    return frame.with_columns(tier_by_score=tier_by_score(pl.col("score"), RULES))


BAND = [
    ("down at once past 2, up only at 62", [65, 57, 57, 59, 61, 62.5, 63], [Y, R, R, R, R, Y, Y]),
    ("noise around 60 moves nothing", [61, 59, 61, 59, 61, 59], [Y] * 6),
    ("noise around 80 moves nothing", [82, 79, 81, 79, 80, 78.5, 79], [G] * 7),
    ("exactly 2 below leaves", [61, 58], [Y, R]),
    ("less than 2 below stays", [61, 58.01], [Y, Y]),
    ("exactly 2 above leaves", [59, 62], [R, Y]),
    ("less than 2 above stays", [59, 61.99], [R, R]),
    ("starts at the raw tier, inside the band", [79.99], [Y]),
    ("each border has its own band", [59, 81, 82], [R, Y, G]),
    ("up over two borders", [59, 82], [R, G]),
    ("100 is green", [100], [G]),
]
FALL = [
    ("15 points at once, within the band", [74, 59], [Y, R]),
    ("14.9 points wait for the band", [73.9, 59], [Y, Y]),
    ("binary noise counts as 15", [74.1, 59.1], [Y, R]),
    ("against the highest of seven days", [74, 70, 68, 66, 64, 62, 61, 59], [Y] * 7 + [R]),
    ("eight days ago is forgotten", [74, 70, 68, 66, 64, 62, 61, 61, 59], [Y] * 9),
    ("a fall never lifts", [97, 79, 81, 79, 81], [G, Y, Y, Y, Y]),
    ("days without a row leave the peak", [74, "-", "-", 59], [Y, R]),
]
UNSCORED = [
    ("unscored, then raw again", [61, 59, None, 59], [Y, Y, U, R]),
    ("never scored", [None, None], [U, U]),
    ("first scored later", [None, 79], [U, Y]),
    ("NaN is no score", [float("nan")], [U]),
    ("a gap of days keeps the held tier", [61, "-", "-", 59], [Y, Y]),
    ("absent for seven days", [61, *"------", 59], [Y, Y]),
    ("absent for longer starts afresh", [61, *"-------", 59], [Y, R]),
]


@pytest.mark.parametrize(
    ("why", "scores", "tiers"),
    [*BAND, *FALL, *UNSCORED],
    ids=[case[0] for case in [*BAND, *FALL, *UNSCORED]],
)
def test_held_tier(why, scores, tiers):
    found = hold(_raw(scores), NOT_PUBLISHED, RULES)
    assert found["tier"].to_list() == tiers, why
    assert found["held_tier"].to_list() == [None if t == U else t for t in tiers]
    assert dict(found.schema) == HELD


@pytest.mark.parametrize(
    ("why", "scores", "hard", "tiers"),
    [
        ("a hard event needs no band", [61, 59.9], {1}, [Y, R]),
        ("without it the band holds", [61, 59.9], set(), [Y, Y]),
        ("it does not lift", [59, 61], {1}, [R, R]),
        ("it leaves a raw tier that fits", [61, 60], {1}, [Y, Y]),
    ],
)
def test_hard_events_act_at_once(why, scores, hard, tiers):
    assert hold(_raw(scores, hard), NOT_PUBLISHED, RULES)["tier"].to_list() == tiers, why


@pytest.mark.parametrize(
    ("why", "scores", "frozen", "hard", "held", "tiers"),
    [
        ("it stays where it was", [90, 40, 40], {1, 2}, set(), [G, G, G], [G, G, G]),
        ("and moves when the source is back", [90, 40, 40], {1}, set(), [G, G, R], [G, G, R]),
        ("a hard event acts at once", [90, 40], {1}, {1}, [G, R], [G, R]),
        ("nothing to stay at on the first day", [40], {0}, set(), [R], [R]),
        ("nor after an unscored one", [None, 40], {1}, set(), [None, R], [U, R]),
        ("without a score there is no tier", [90, None], {1}, set(), [G, None], [G, U]),
    ],
)
def test_a_silent_source_freezes_tiers(why, scores, frozen, hard, held, tiers):
    raw = _raw(scores, hard)
    rests = raw["date"].is_in([DAY + timedelta(days=n) for n in frozen])
    found = hold(raw.with_columns(rests.alias("frozen")), NOT_PUBLISHED, RULES)
    assert found["held_tier"].to_list() == held, why
    assert found["tier"].to_list() == tiers, why


def test_a_frozen_tier_keeps_the_gate_that_lowered_it():
    raw = _raw([90, 90], caps={0: Y}).with_columns(frozen=pl.Series([False, True]))
    found = hold(raw, NOT_PUBLISHED, RULES)
    assert found.select("held_tier", "tier", "tier_since").rows() == [(G, Y, DAY)] * 2


@pytest.mark.parametrize(
    ("why", "scores", "caps", "held", "tiers"),
    [
        ("a cap lowers", [90], {0: Y}, [G], [Y]),
        ("a cap never lifts", [50], {0: Y}, [R], [R]),
        ("the held tier is kept beneath", [90, 79], {0: R}, [G, G], [R, G]),
        ("unscored stays unscored", [None], {0: Y}, [None], [U]),
    ],
)
def test_gates_cap_after_holding(why, scores, caps, held, tiers):
    found = hold(_raw(scores, caps=caps), NOT_PUBLISHED, RULES)
    assert found["held_tier"].to_list() == held, why
    assert found["tier"].to_list() == tiers, why


@pytest.mark.parametrize(
    ("why", "scores", "caps", "since"),
    [
        ("from the first day", [70, 71, 72], {}, [0, 0, 0]),
        ("from the change", [70, 57, 57, 59], {}, [0, 1, 1, 1]),
        ("a cap is a change of what is published", [90, 90, 90], {1: Y}, [0, 1, 2]),
        ("unscored counts as a tier", [70, None, None, 70], {}, [0, 1, 1, 3]),
        ("through a gap", [70, "-", 70], {}, [0, 0]),
    ],
)
def test_tier_since(why, scores, caps, since):
    found = hold(_raw(scores, caps=caps), NOT_PUBLISHED, RULES)
    assert found["tier_since"].to_list() == [DAY + timedelta(days=n) for n in since], why


def _published(day, score, held, tier, since, account="a"):
    return pl.DataFrame(
        [(account, day, score, held, tier, since)],
        schema={c: NOT_PUBLISHED.schema[c] for c in (
            "account_id", "date", "score", "held_tier", "tier", "tier_since"
        )},
        orient="row",
    )  # fmt: skip


YESTERDAY, LONG_AGO = DAY - timedelta(days=1), DAY - timedelta(days=100)


def test_goes_on_from_what_was_published():
    before = _published(YESTERDAY, 81.0, G, Y, LONG_AGO)
    found = hold(_raw([79], caps={0: Y}), before, RULES)
    assert found.rows() == [("a", DAY, G, Y, LONG_AGO)]


def test_rows_of_the_days_to_publish_and_of_long_ago_are_ignored():
    before = pl.concat(
        [
            _published(DAY, 0.0, R, R, DAY),
            _published(DAY - timedelta(days=8), 100.0, G, G, LONG_AGO),
            _published(YESTERDAY, 100.0, G, G, LONG_AGO, account="another"),
        ]
    )
    assert hold(_raw([79]), before, RULES).rows() == [("a", DAY, Y, Y, DAY)]


def test_accounts_do_not_touch_each_other():
    both = pl.concat([_raw([65, 57, 59]), _raw([82, 79, 81], account="b")])
    found = hold(both, NOT_PUBLISHED, RULES)
    assert found["tier"].to_list() == [Y, G, R, G, R, G]


def test_nothing_to_hold():
    found = hold(_raw([]), NOT_PUBLISHED, RULES)
    assert found.is_empty()
    assert dict(found.schema) == HELD

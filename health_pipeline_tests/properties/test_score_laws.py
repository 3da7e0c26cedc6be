"""Laws of the score over random worlds: every make of signal, norm and account.

`test_score_properties` holds laws over one fixed baseline; here the model itself is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from health_pipeline.core.segments.assign import assign
from health_pipeline_tests.core.scoring.world import DAY, RULES, spec
from health_pipeline_tests.core.signals import worlds as days
from health_pipeline_tests.properties.score_worlds import (
    SEGMENTS,
    VALUES,
    Person,
    Reading,
    World,
    judged,
    rows_of,
    scores_of,
    worlds,
)

EXACT = 1e-9
"""A score has ten decimals; sums of floats differ in the last of them."""


def is_a_number_from_0_to_100_or_none(world: World) -> None:
    raw = scores_of(world).raw
    assert raw["account_id"].sort().to_list() == sorted(one.name for one in world.people)
    for row in raw.iter_rows(named=True):
        assert 0 <= row["coverage"] <= 1
        assert row["score"] is None or 0 <= row["score"] <= 100
        assert (row["score"] is None) == (row["tier_by_score"] is None)
        if row["coverage"] < world.rules.min_coverage:
            assert row["score"] is None


def lies_between_its_subscores(world: World) -> None:
    """A mean: nothing that is absent counts as zero."""
    found = scores_of(world)
    for row in found.raw.drop_nulls("score").iter_rows(named=True):
        mine = found.contributions.filter(pl.col("account_id") == row["account_id"])
        subscores = mine["subscore"].drop_nulls()
        assert subscores.min() - EXACT <= row["score"] <= subscores.max() + EXACT


def contributions_add_up(world: World) -> None:
    found = scores_of(world)
    for row in found.raw.iter_rows(named=True):
        mine = found.contributions.filter(pl.col("account_id") == row["account_id"])
        if row["score"] is None:
            assert mine["points"].null_count() == mine.height
            continue
        reference = (mine["weight"] * mine["reference"].fill_null(0.0)).sum()
        against = row["score"] - reference
        assert abs(mine["weight"].sum() - 1) < EXACT
        assert abs(mine["points"].sum() - row["score"]) < EXACT
        assert abs(mine["points_vs_reference"].sum() - against) < EXACT


def does_not_look_at_the_order_of_rows(world: World, seed: int) -> None:
    frozen, again = world.fitted(), world.fitted(seed)
    assert_frame_equal(frozen, again, check_exact=True)
    one, other = scores_of(world, frozen), scores_of(world, again, seed=seed)
    assert_frame_equal(one.raw, other.raw, check_exact=True)
    assert_frame_equal(one.contributions, other.contributions, check_exact=True)


def does_not_look_at_other_accounts(world: World, data: st.DataObject) -> None:
    names = [one.name for one in world.people]
    staying = data.draw(st.sets(st.sampled_from(names), min_size=1))
    stays, frozen = pl.col("account_id").is_in(staying), world.fitted()
    few = world.with_people(*(one for one in world.people if one.name in staying))
    everyone, some = scores_of(world, frozen), scores_of(few, frozen)
    for left, right in (
        (some.raw, everyone.raw),
        (some.contributions, everyone.contributions),
    ):
        # A column that is the same everywhere is divided in another way: one binary digit.
        assert_frame_equal(left, right.filter(stays), rel_tol=0.0, abs_tol=EXACT)


def _two_values(world: World, frozen: pl.DataFrame, signal: str) -> st.SearchStrategy[Any]:
    """Any two values, or two on and beside one ramp of the first account, where a fault shows."""
    segment = assign(rows_of(world.people[:1])[0], SEGMENTS)["segment"].item()
    mine = (pl.col("segment") == segment) & (pl.col("signal") == signal)
    knots = frozen.filter(mine).select("k0", "k60", "k80", "k100").row(0)
    at = st.sampled_from([0.0, 0.5, 0.95, 1.0, 1.1]) | st.floats(-0.1, 1.1)
    near = st.tuples(st.sampled_from([*pairwise(knots)]), at, at).map(
        lambda drawn: tuple(drawn[0][0] + t * (drawn[0][1] - drawn[0][0]) for t in drawn[1:])
    )
    return near | near | st.tuples(VALUES, VALUES)  # two times in three near


def never_falls_when_a_value_gets_better(world: World, data: st.DataObject) -> None:
    person, judged_by = world.people[0], data.draw(st.sampled_from(world.specs))
    world = replace(world, rules=world.rules.model_copy(update={"min_coverage": 0.0}))
    frozen, age = world.fitted(), data.draw(st.just(0) | st.integers(0, 20))
    two = data.draw(_two_values(world, frozen, judged_by.name))
    worse, better = sorted(two, reverse=not judged_by.higher_is_better)

    def at(value: float) -> float | None:
        readings = {**person.readings, judged_by.name: Reading(value, "measured", age)}
        changed = world.with_people(replace(person, readings=readings), *world.people[1:])
        raw = scores_of(changed, frozen).raw
        return raw.filter(pl.col("account_id") == person.name)["score"].item()

    low, high = at(worse), at(better)
    assert (low is None) == (high is None)
    assert low is None or high >= low - EXACT


def does_not_change_when_later_days_are_known(world: World, data: st.DataObject) -> None:
    """Days after D, whatever they hold, are scored in the same run and leave D as it was."""
    frozen, (people, found) = world.fitted(), rows_of(world.people)
    factor, more = data.draw(st.floats(-9, 9)), data.draw(st.floats(-99, 99))
    days = data.draw(st.sets(st.integers(1, 40), max_size=3))
    later = [
        (
            people.with_columns(pl.col("date") + timedelta(days=n)),
            found.with_columns(
                pl.col("date", "observed_on") + timedelta(days=n),
                value=pl.col("value") * factor + more,
            ),
        )
        for n in days
    ]
    everyone, values = (pl.concat(part) for part in zip((people, found), *later, strict=True))
    alone, beside = (
        judged(world, frozen, *frames) for frames in ((people, found), (everyone, values))
    )
    for one, other in ((alone.raw, beside.raw), (alone.contributions, beside.contributions)):
        then = other.filter(pl.col("date") == DAY)
        assert_frame_equal(one, then, rel_tol=0.0, abs_tol=EXACT)


SEEDS, DATA = st.integers(0, 2**30), st.data()
LAWS: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
    (is_a_number_from_0_to_100_or_none, ()),
    (lies_between_its_subscores, ()),
    (contributions_add_up, ()),
    (does_not_look_at_the_order_of_rows, (SEEDS,)),
    (does_not_look_at_other_accounts, (DATA,)),
    (never_falls_when_a_value_gets_better, (DATA,)),
    (does_not_change_when_later_days_are_known, (DATA,)),
]


@pytest.mark.parametrize("examples", [50, pytest.param(2000, marks=pytest.mark.torture)])
@pytest.mark.parametrize(("law", "more"), LAWS, ids=[law.__name__ for law, _ in LAWS])
def test_a_score(law, more, examples):
    often = settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    often(given(worlds(), *more)(law))()


def _alone(value: float, *, up: bool, norm: list[float], status: str = "measured") -> World:
    """One signal, one segment of the norm, one account in it."""
    crowd = tuple(
        Person(f"n{i}", "Starter", 10.0, {"s": Reading(one, "measured")})
        for i, one in enumerate(norm)
    )
    knots = (0.0, 60.0, 80.0, 100.0)
    judged_by = spec(
        "s", knots="fit", default_knots=knots if up else knots[::-1], higher_is_better=up
    )
    person = Person("a", "Starter", 10.0, {"s": Reading(value, status)})
    return World((judged_by,), RULES, *rows_of(crowd), (person,))


@pytest.mark.parametrize("up", [True, False])
def test_rises_all_along_the_ramps(up):
    """Four hundred accounts, each a step better than the one before."""
    steps = [n / 2 - 50 for n in range(400)]
    crowd = tuple(
        Person(f"a{n:03}", "Starter", 10.0, {"s": Reading(value, "measured")})
        for n, value in enumerate(steps if up else steps[::-1])
    )
    world = _alone(0.0, up=up, norm=[]).with_people(*crowd)
    found = scores_of(world).raw.sort("account_id")["score"].to_list()
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0.0, 100.0)


@settings(max_examples=50, deadline=None)
@given(st.integers(-999, 9999), st.integers(30, 90), st.floats(0.001, 1e5), st.booleans())
def test_of_a_segment_of_equal_values(value, n, worse_by, up):
    """All alike: that value is the best there is, and any worse one the worst."""
    norm = [float(value)] * n
    worse = value - worse_by if up else value + worse_by
    assert scores_of(_alone(float(value), up=up, norm=norm)).raw["score"].item() == 100.0
    assert scores_of(_alone(worse, up=up, norm=norm)).raw["score"].item() == 0.0


@pytest.mark.parametrize(("value", "n", "up"), [(0.1, 62, False), (275036.9201101272, 62, True)])
def test_of_a_segment_of_equal_fractions(value, n, up):
    assert scores_of(_alone(value, up=up, norm=[value] * n)).raw["score"].item() == 100.0


@settings(max_examples=50, deadline=None)
@given(VALUES, VALUES, st.booleans())
def test_of_a_segment_of_one(value, only, up):
    """One account is no norm: it is judged as if it were not there."""
    one, nobody = (scores_of(_alone(value, up=up, norm=norm)) for norm in ([only], []))
    assert one.raw["score"].item() == nobody.raw["score"].item()


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("status", ["measured", "stale", "missing", "not_applicable"])
def test_of_a_value_that_is_no_number(broken, status):
    world = _alone(broken, up=True, norm=[1.0], status=status)
    if status == "measured":
        with pytest.raises(ValueError, match="signal 's' of account 'a'"):
            scores_of(world)
        return
    found = scores_of(world)
    assert found.raw["score"].item() is None
    assert found.contributions["subscore"].item() is None


@settings(max_examples=50, deadline=None)
@given(
    st.none() | st.integers(-9, 0),
    st.none() | st.integers(0, 99),
    st.sampled_from([("breadth", {"window_days": 7}), ("breadth", {}), ("seat_utilisation", {})]),
)
def test_of_an_account_without_seats(seats, active, signal):
    """A share of no seats is missing, never infinite and never zero."""
    view = days.world(
        {"users": [{"account_id": "a", "source": "crm", "user_id": "u"}], **days.SEATS},
        [days.account(seats=seats), days.account("b")],
        [days.window(active_users_7d=active, active_users_30d=active)],
    )
    value, status, _ = days.said(signal[0], view, signal[1])
    assert value is None
    assert status in ("missing", "not_applicable")

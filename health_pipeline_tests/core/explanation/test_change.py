"""Moves of scores and their parts: known answers, and the law that parts add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from health_pipeline.core.explanation.change import Rules, changes, compared_with
from health_pipeline.core.explanation.identity_effect import join_days, with_identity
from health_pipeline.core.explanation.waterfall import waterfall
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.subscore import subscore

DAY = date(2026, 3, 10)
BEFORE = DAY - timedelta(days=7)
NAMES = ("adoption", "tickets", "sponsor", "trend")
NO_RULES = Rules(
    RESULT_TABLES["baselines"].empty(),
    {},
    pl.DataFrame(schema={"segment": pl.String, "signal": pl.String, "weight": pl.Float64}),
)


def drivers(day, weights, subscores, references=None, values=None):
    spoken = [(w, s) for w, s in zip(weights, subscores, strict=True) if s is not None]
    total = sum(w for w, _ in spoken)
    rows = [
        {
            "account_id": "a",
            "date": day,
            "signal": name,
            "weight": 0.0 if s is None else w / total,
            "subscore": s,
            "reference": r,
            "value": v,
        }
        for name, w, s, r, v in zip(
            NAMES, weights, subscores, references or [75.0] * 4, values or [None] * 4, strict=True
        )
    ]
    score = sum(w * s for w, s in spoken) / total if total else None
    return pl.DataFrame(
        rows,
        schema_overrides=dict.fromkeys(("weight", "subscore", "reference", "value"), pl.Float64),
    ), score


def explained(before, after, rules=NO_RULES, segments=("s", "s"), versions=("m", "m")):
    (old, score_0), (new, score) = before, after
    common = {"account_id": ["a"], "date": [DAY]}
    now = pl.DataFrame(
        common | {"score": [score], "segment": [segments[1]], "model_version": [versions[1]]},
        schema_overrides={"score": pl.Float64},
    )
    then = pl.DataFrame(
        common
        | {
            "compared_with": [BEFORE],
            "score": [score_0],
            "segment": [segments[0]],
            "model_version": [versions[0]],
        },
        schema_overrides={"score": pl.Float64},
    )
    return changes(now, then, pl.concat([old, new]), rules)


def parts(found, effect):
    rows = found.filter(pl.col("effect") == effect)
    return {name: round(points, 9) for name, points in rows.select("signal", "points").iter_rows()}


def test_the_known_answer_of_behaviour_and_weight():
    # science.md, "Known answers", row "change": weight centred at 75.
    found = explained(
        drivers(BEFORE, (0.40, 0.25, 0.20, 0.15), (80.0, 60.0, 90.0, 70.0)),
        drivers(DAY, (0.36, 0.25, 0.24, 0.15), (50.0, 60.0, 100.0, 70.0)),
        versions=("m1", "m2"),
    )
    assert found["delta"].unique().to_list() == [pytest.approx(-8)]
    assert parts(found, "behaviour") == {"adoption": -11.4, "sponsor": 2.2}
    assert parts(found, "weight") == {"adoption": 0.4, "sponsor": 0.8}
    assert found["points"].sum() == pytest.approx(-8, abs=1e-9)


def test_one_vanished_signal_costs_what_science_says():
    # w/(1 − w)·(S − s)
    before = drivers(BEFORE, (0.4, 0.25, 0.2, 0.15), (80.0, 60.0, 90.0, 70.0))
    found = explained(before, drivers(DAY, (0.4, 0.25, 0.2, 0.15), (80.0, 60.0, None, 70.0)))
    score = before[1]
    assert parts(found, "coverage") == {"sponsor": pytest.approx(0.2 / 0.8 * (score - 90.0))}
    assert set(found["effect"]) == {"coverage"}


def test_a_signal_that_appears_is_coverage_too():
    found = explained(
        drivers(BEFORE, (0.5, 0.0, 0.0, 0.5), (80.0, None, None, 60.0)),
        drivers(DAY, (0.4, 0.2, 0.0, 0.4), (80.0, 20.0, None, 60.0)),
    )
    assert parts(found, "coverage") == {"tickets": pytest.approx(0.2 * (20 - 70))}


def test_days_without_a_common_signal_are_all_coverage():
    found = explained(
        drivers(BEFORE, (0.5, 0.5, 0, 0), (80.0, 60.0, None, None)),
        drivers(DAY, (0, 0, 0.5, 0.5), (None, None, 40.0, 20.0)),
    )
    assert set(found["effect"]) == {"coverage"}
    assert found["points"].sum() == pytest.approx(-40)


@pytest.mark.parametrize("unscored", ["before", "after"])
def test_a_day_without_a_score_has_no_number_to_explain(unscored):
    scored = drivers(BEFORE, (1, 1, 1, 1), (80.0, 60.0, 90.0, 70.0))
    nothing = (scored[0], None)
    pair = (nothing, scored) if unscored == "before" else (scored, nothing)
    assert explained(*pair).is_empty()


def baselines(*rows):
    shape = RESULT_TABLES["baselines"]
    return pl.DataFrame(
        [
            dict.fromkeys(shape.columns)
            | {"model_version": version, "segment": segment, "signal": "adoption"}
            | dict(zip(("k0", "k60", "k80", "k100"), knots, strict=True))
            for version, segment, knots in rows
        ],
        schema=shape.columns,
    )


def test_the_same_raw_value_under_new_knots_is_threshold():
    found = explained(
        drivers(BEFORE, (1, 0, 0, 0), (60.0, None, None, None), values=(0.45, None, None, None)),
        drivers(DAY, (1, 0, 0, 0), (80.0, None, None, None), values=(0.45, None, None, None)),
        rules=Rules(
            baselines(("m1", "s", (0.2, 0.45, 0.7, 0.9)), ("m2", "s", (0.1, 0.2, 0.45, 0.9))),
            {"adoption": True},
            NO_RULES.weights,
        ),
        versions=("m1", "m2"),
    )
    assert parts(found, "threshold") == {"adoption": 20.0}
    assert set(found["effect"]) == {"threshold"}


def test_the_same_raw_value_in_another_segment_is_segment():
    found = explained(
        drivers(BEFORE, (1, 0, 0, 0), (60.0, None, None, None), values=(0.45, None, None, None)),
        drivers(DAY, (1, 0, 0, 0), (80.0, None, None, None), values=(0.45, None, None, None)),
        rules=Rules(
            baselines(("m", "small", (0.2, 0.45, 0.7, 0.9)), ("m", "big", (0.1, 0.2, 0.45, 0.9))),
            {"adoption": True},
            NO_RULES.weights,
        ),
        segments=("small", "big"),
    )
    assert found.select("signal", "effect", "points").rows() == [(None, "segment", 20.0)]


def scored_by(value, knots):
    """The subscore of one raw value."""
    four = [np.array([knot]) for knot in knots]
    return float(subscore(np.array([value]), four, higher_is_better=np.array([True]))[0])


KNOTS = st.lists(st.floats(0, 1), min_size=4, max_size=4, unique=True).map(sorted)
RAW = st.lists(st.none() | st.floats(-0.5, 1.5), min_size=4, max_size=4)
WEIGHTS = st.lists(st.floats(0.05, 1), min_size=4, max_size=4)
CORNERS = [("m1", "g0"), ("m1", "g1"), ("m2", "g0"), ("m2", "g1")]


@settings(deadline=None)
@given(
    raw=st.tuples(RAW, RAW),
    knots=st.lists(st.tuples(*[KNOTS] * 4), min_size=4, max_size=4),
    weights=st.lists(WEIGHTS, min_size=4, max_size=4),
    corners=st.tuples(st.sampled_from(CORNERS), st.sampled_from(CORNERS)),
    forgotten=st.booleans(),
)
def test_parts_add_up_whatever_moved(raw, knots, weights, corners, forgotten):
    rows = [
        dict.fromkeys(RESULT_TABLES["baselines"].columns)
        | {"model_version": version, "segment": segment, "signal": name}
        | dict(zip(("k0", "k60", "k80", "k100"), of_signal, strict=True))
        for (version, segment), of_corner in zip(CORNERS, knots, strict=True)
        for name, of_signal in zip(NAMES, of_corner, strict=True)
    ]
    stored = pl.DataFrame(rows, schema=RESULT_TABLES["baselines"].columns)

    def side(day, values, corner):
        at = CORNERS.index(corner)
        scored = [
            None if v is None else scored_by(v, ks) for v, ks in zip(values, knots[at], strict=True)
        ]
        return drivers(day, weights[at], scored, values=values)

    spec_weights = pl.DataFrame(
        [
            {"segment": segment, "signal": name, "weight": w}
            for (version, segment), of in zip(CORNERS, weights, strict=True)
            if version == corners[1][0]
            for name, w in zip(NAMES, of, strict=True)
        ]
    )
    before, after = side(BEFORE, raw[0], corners[0]), side(DAY, raw[1], corners[1])
    found = explained(
        before,
        after,
        # An older model may be gone: its knots then cannot be asked, and the parts still add up.
        Rules(
            stored.filter(pl.col("model_version") == corners[1][0]) if forgotten else stored,
            dict.fromkeys(NAMES, True),
            spec_weights,
        ),
        segments=(corners[0][1], corners[1][1]),
        versions=(corners[0][0], corners[1][0]),
    )
    if before[1] is None or after[1] is None:
        assert found.is_empty()
        return
    assert found["points"].sum() == pytest.approx(after[1] - before[1], abs=1e-9)
    if corners[0] == corners[1]:
        assert set(found["effect"]) <= {"behaviour", "coverage"}


DAYS = [BEFORE + timedelta(days=n) for n in range(6)]
JOINED = st.sets(st.sampled_from(DAYS[1:]), max_size=3)


@settings(deadline=None)
@given(
    raw=st.lists(RAW, min_size=6, max_size=6),
    knots=st.lists(st.tuples(*[KNOTS] * 4), min_size=4, max_size=4),
    weights=st.lists(WEIGHTS, min_size=4, max_size=4),
    corners=st.lists(st.sampled_from(CORNERS), min_size=6, max_size=6),
    joined=JOINED,
    lag=st.integers(1, 5),
)
def test_parts_of_a_history_with_merges_add_up(raw, knots, weights, corners, joined, lag):
    """Models and segments change, signals come and go, records join: day by day, by chance."""
    shape = RESULT_TABLES["baselines"].columns
    stored = pl.DataFrame(
        [
            dict.fromkeys(shape)
            | {"model_version": version, "segment": segment, "signal": name}
            | dict(zip(("k0", "k60", "k80", "k100"), of_signal, strict=True))
            for (version, segment), of_corner in zip(CORNERS, knots, strict=True)
            for name, of_signal in zip(NAMES, of_corner, strict=True)
        ],
        schema=shape,
    )
    spec_weights = pl.DataFrame(
        [
            {"segment": segment, "signal": name, "weight": w}
            for (_, segment), of in zip(CORNERS, weights, strict=True)
            for name, w in zip(NAMES, of, strict=True)
        ]
    ).unique(["segment", "signal"], maintain_order=True)
    rules = Rules(stored, dict.fromkeys(NAMES, True), spec_weights)
    told, scores = [], []
    for day, values, corner in zip(DAYS, raw, corners, strict=True):
        at = CORNERS.index(corner)
        scored = [
            None if v is None else scored_by(v, ks) for v, ks in zip(values, knots[at], strict=True)
        ]
        rows, number = drivers(day, weights[at], scored, values=values)
        told.append(rows)
        scores.append(("a", day, number, corner[1], corner[0]))
    known = pl.DataFrame(
        scores,
        schema={
            "account_id": pl.String,
            "date": pl.Date,
            "score": pl.Float64,
            "segment": pl.String,
            "model_version": pl.String,
        },
        orient="row",
    )

    def moves(pairs):
        of = pl.DataFrame(pairs, schema={"date": pl.Date, "compared_with": pl.Date}, orient="row")
        then = known.rename({"date": "compared_with"}).join(of, on="compared_with")
        now = known.filter(pl.col("date").is_in(of["date"].implode()))
        return changes(now, then, pl.concat(told), rules)

    xref = pl.DataFrame(
        {
            "account_id": "a",
            "linked_at": [datetime(*d.timetuple()[:3], 9, tzinfo=UTC) for d in joined],
        },
        schema={"account_id": pl.String, "linked_at": pl.Datetime("us", "UTC")},
    )
    joins = join_days(xref, DAYS, DAYS[0], DAYS[-1])
    assert set(joins["date"]) == joined
    jumps = moves(joins.select("date", "compared_with").rows())
    found = with_identity(moves([(day, day - timedelta(days=lag)) for day in DAYS[lag:]]), jumps)
    number = {day: score for _, day, score, *_ in scores}
    for day in DAYS[lag:]:
        before = day - timedelta(days=lag)
        parts_of = found.filter(pl.col("date") == day)
        if number[day] is None or number[before] is None:
            assert parts_of.is_empty()
            continue
        delta = number[day] - number[before]
        assert parts_of["points"].sum() == pytest.approx(delta, abs=1e-9)
        if parts_of.height:
            shown = waterfall(parts_of, number[day])
            parts = sum(points for _, points in shown.parts)
            assert shown.start + parts == pytest.approx(shown.end, abs=1e-9)
        by_merge = parts_of.filter(pl.col("effect") == "identity")["points"].sum()
        whole = [
            number[one] - number[one - timedelta(days=1)]
            for one in joined
            if before < one <= day and None not in (number[one], number[one - timedelta(days=1)])
        ]
        # What one merge moved another may take back; a part of a comparison without a move is none.
        if parts_of.height:
            assert by_merge == pytest.approx(sum(whole), abs=1e-9)


def test_joins_between_two_scored_days_are_one_comparison_and_others_are_not_asked_for():
    joined = [datetime(2026, 3, day, 9, tzinfo=UTC) for day in (3, 8, 9, 11)]
    xref = pl.DataFrame({"account_id": ["a"] * len(joined), "linked_at": joined})
    scored = [BEFORE - timedelta(days=1), BEFORE, DAY, DAY + timedelta(days=1)]
    assert join_days(xref, scored, BEFORE, DAY).rows() == [("a", DAY, BEFORE)]


def test_what_moved_on_the_day_of_a_merge_is_identity():
    rows = [
        drivers(DAYS[n], (0.5, 0.5, 0, 0), (80.0, s, None, None))
        for n, s in enumerate((80, 40, 30))
    ]
    told = pl.concat(frame for frame, _ in rows)
    known = pl.DataFrame(
        {
            "account_id": "a",
            "date": DAYS[:3],
            "score": [score for _, score in rows],
            "segment": "s",
            "model_version": "m",
        }
    )
    then = known.rename({"date": "compared_with"})

    def moves(day, before):
        pair = then.filter(pl.col("compared_with") == before).with_columns(date=pl.lit(day))
        return changes(known.filter(pl.col("date") == day), pair, told, NO_RULES)

    found = with_identity(moves(DAYS[2], DAYS[0]), moves(DAYS[1], DAYS[0]))
    assert parts(found, "identity") == {None: -20.0}
    assert parts(found, "behaviour") == {"tickets": -5.0}


def test_compared_days_are_the_last_scored_one_and_7_and_30_days_back():
    scored = [DAY - timedelta(days=n) for n in (0, 2, 7, 29, 40)]
    assert compared_with(scored, DAY) == [DAY - timedelta(days=7), DAY - timedelta(days=2)]
    assert compared_with([DAY], DAY) == []


def test_who_else_is_explained_changes_no_digit():
    """A range explains days together on which other signals speak than on each alone."""
    names, chance = [f"s{n:02}" for n in range(24)], np.random.default_rng(7)
    speaks = {name: names[:: 1 if name == "all" else 3] for name in ("all", *"abcdefgh")}
    rows = [
        (account, day, signal, *chance.uniform(0.1, 1, 3) * (1, 100, 100), None)
        for account, signals in speaks.items()
        for day in (BEFORE, DAY)
        for signal in signals
    ]
    facts = ("weight", "subscore", "reference", "value")
    schema = {"account_id": pl.String, "date": pl.Date, "signal": pl.String}
    told = pl.DataFrame(rows, schema=schema | dict.fromkeys(facts, pl.Float64), orient="row")
    scores = told.group_by("account_id", "date").agg(
        score=(pl.col("weight") * pl.col("subscore")).sum(),
        segment=pl.lit("s").first(),
        model_version=pl.lit("m").first(),
    )
    weights = pl.DataFrame({"segment": "s", "signal": names, "weight": 1.0})
    rules = Rules(RESULT_TABLES["baselines"].empty(), {}, weights)

    def asked(*who):
        mine = pl.col("account_id").is_in(who)
        now, then = (scores.filter(mine, pl.col("date") == day) for day in (DAY, BEFORE))
        then = then.with_columns(compared_with="date", date=pl.lit(DAY))
        return changes(now, then, told.filter(mine), rules).filter(pl.col("account_id") != "all")

    assert asked(*"abcdefgh", "all").equals(asked(*"abcdefgh"))

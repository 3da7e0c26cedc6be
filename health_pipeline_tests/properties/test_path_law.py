"""Law of the cheapest path: whoever walks it stands in the next tier."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health_pipeline.core.explanation.path import Step
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.gates import gates
from health_pipeline.core.scoring.params import TIER_ORDER, CombinedGate, Gate, ScoringRules
from health_pipeline.core.scoring.score import score
from health_pipeline.core.scoring.tiers import hold
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.orchestration.paths import KNOTS, WayUp, ways_up
from health_pipeline_tests.core.scoring.world import DAY, NO_HISTORY, NOT_PUBLISHED
from health_pipeline_tests.properties.score_worlds import SEGMENTS, World, rows_of, worlds


@st.composite
def rules_of(draw: Any, world: World) -> ScoringRules:
    """Gates of every make on the signals of the world; borders are knots or lie between them."""
    single = []
    for n, spec in enumerate(world.specs):
        worst, *_, best = spec.default_knots
        bad = "below" if spec.higher_is_better else "above"
        when = draw(st.sampled_from(["risk", bad] if spec.knots != "fit" else ["risk"]))
        share = draw(st.sampled_from([-0.2, 0.0, 0.3, 0.6, 1.0, 1.2]))
        value = None if when == "risk" else round(worst + share * (best - worst), 6)
        cap = draw(st.sampled_from(TIER_ORDER[:-1]))
        single.append(
            Gate(
                name=f"g{n}",
                signal=spec.name,
                when=when,
                value=value,
                cap=cap,
                words="w",
                play="p",
            )
        )
    single = [gate for gate in single if draw(st.booleans())]
    both: tuple[CombinedGate, ...] = ()
    if len(single) > 1:
        names = tuple(gate.name for gate in single)
        at_least = draw(st.integers(1, len(names)))
        both = (
            CombinedGate(
                name="both", gates=names, at_least=at_least, cap="red", words="w", play="p"
            ),
        )
    return world.rules.model_copy(update={"gates": tuple(single), "combined_gates": both})


@st.composite
def lifted_by(draw: Any, world: World) -> World:
    """The same world, in which some drivers cannot be lifted, or only so far, or count nothing."""
    specs = tuple(
        spec.model_copy(
            update={
                "actionable": draw(st.sampled_from([True, True, False])),
                "reachable": draw(st.sampled_from([100.0, 90.0, 70.0])),
                "effort": draw(st.sampled_from([0.5, 1.0, 3.0])),
                "weight": spec.weight if n == 0 else draw(st.sampled_from([spec.weight, 0.0])),
            }
        )
        for n, spec in enumerate(world.specs)
    )
    return replace(world, specs=specs)


def tiered(world: World, rules: ScoringRules, signals: pl.DataFrame, frozen, previous, day=DAY):
    """Scores, contributions and tiers of `signals` on `day`."""
    people, _ = rows_of(world.people)
    people = people.with_columns(pl.lit(day).alias("date"))
    segments = assign(people, SEGMENTS)
    found = score(
        signals, segments, people, frozen, world.specs,
        rules=rules, horizon_days=90, history=NO_HISTORY,
    )  # fmt: skip
    capped = gates(signals, rules).select("account_id", "date", "cap")
    raw = found.raw.join(capped, on=["account_id", "date"], how="left")
    held = hold(raw.with_columns(pl.lit(value=False).alias("hard")), previous, rules)
    return found, raw.join(held, on=["account_id", "date"])


def walked(signals: pl.DataFrame, ways, baseline, world: World) -> pl.DataFrame:
    """The signals of the next day, with the steps of every path taken."""
    directions = {spec.name: spec.higher_is_better for spec in world.specs}
    rows = []
    for row in signals.iter_rows(named=True):
        way = ways.get(row["account_id"])
        step = next((s for s in way.path.steps if s.signal == row["signal"]), None) if way else None
        if step is not None:
            row["subscore"] = step.end
            four = [baseline[row["account_id"], row["signal"]][knot] for knot in KNOTS]
            sign = 1.0 if directions[row["signal"]] else -1.0
            row["value"] = sign * float(
                np.interp(step.end, (0, 60, 80, 100), np.array(four) * sign)
            )
            row["value"] = round(row["value"], 6)
        rows.append(row | {"date": row["date"] + timedelta(days=1)})
    return pl.DataFrame(rows, schema=RESULT_TABLES["signals"].columns)


def holds(world: World, rules: ScoringRules) -> None:
    frozen = world.fitted().with_columns(pl.lit("m").alias("model_version"))
    people, values = rows_of(world.people)
    signals = normalise(values, assign(people, SEGMENTS), frozen, world.specs)
    found, tiers = tiered(world, rules, signals, frozen, NOT_PUBLISHED)
    scores = tiers.with_columns(pl.lit("m").alias("model_version"))
    ways = ways_up(rules, world.specs, scores, found.contributions, signals, frozen)
    knots = {
        (account, row["signal"]): row
        for account, segment in scores.select("account_id", "segment").iter_rows()
        for row in frozen.filter(pl.col("segment") == segment).iter_rows(named=True)
    }
    previous = tiers.select("account_id", "date", "score", "held_tier", "tier", "tier_since")
    next_day = DAY + timedelta(days=1)
    after = walked(signals, ways, knots, world)
    _, there = tiered(world, rules, after, frozen, previous, next_day)
    reached = dict(there.select("account_id", "tier").iter_rows())
    plays = {spec.name: spec.play for spec in world.specs}
    for account, way in ways.items():
        assert all(step.play == plays[step.signal] for step in way.path.steps)
        if way.path.reaches:
            assert TIER_ORDER.index(reached[account]) >= TIER_ORDER.index(way.tier), (account, way)
    # Whoever is told that the tier is out of reach stays below it, though all is lifted to its cap.
    utmost = {account: all_lifted(way, found, account, world) for account, way in ways.items()}
    _, there = tiered(
        world, rules, walked(signals, utmost, knots, world), frozen, previous, next_day
    )
    reached = dict(there.select("account_id", "tier").iter_rows())
    for account, way in ways.items():
        if not way.path.reaches:
            assert TIER_ORDER.index(reached[account]) < TIER_ORDER.index(way.tier), (account, way)


def all_lifted(way: WayUp, found: Any, account: str, world: World) -> WayUp:
    """`way` with every driver that somebody can lift at the subscore that can be reached."""
    specs = {spec.name: spec for spec in world.specs}
    rows = found.contributions.filter(pl.col("account_id") == account).drop_nulls("subscore")
    steps = [
        Step(row["signal"], row["subscore"], specs[row["signal"]].reachable, 0.0, 0.0, "p")
        for row in rows.iter_rows(named=True)
        if specs[row["signal"]].actionable and specs[row["signal"]].reachable > row["subscore"]
    ]
    return replace(way, path=replace(way.path, steps=tuple(steps)))


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_path_leads_to_the_next_tier(data):
    world = data.draw(lifted_by(data.draw(worlds(most=4))))
    holds(world, data.draw(rules_of(world)))


@pytest.mark.torture
@given(st.data())
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_path_leads_to_the_next_tier_always(data):
    world = data.draw(lifted_by(data.draw(worlds(most=4))))
    holds(world, data.draw(rules_of(world)))

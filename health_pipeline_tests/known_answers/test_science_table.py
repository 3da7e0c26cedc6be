"""The table "Known answers" of docs/science.md, read as it is printed and worked out by the code.

Each row is a page of its own elsewhere in the tests; here the document itself is the expectation,
so that neither can move without the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from health_pipeline.core.calibration import metrics
from health_pipeline.core.calibration.intervals import wilson
from health_pipeline.core.drift.psi import adjusted, psi
from health_pipeline.core.explanation.change import Rules, changes
from health_pipeline.core.explanation.path import Lever, cheapest_path
from health_pipeline.core.schemas.freshness import freshness
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.scoring.tiers import hold, tier_by_score
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.knots import shrink
from health_pipeline.core.segments.params import SegmentRules
from health_pipeline_tests.core.scoring.world import (
    DAY,
    NOT_PUBLISHED,
    RULES,
    accounts,
    scored,
    spec,
    values,
)

SCIENCE = Path(__file__).parents[2] / "docs" / "science.md"
NUMBER = re.compile(r"[−-]?(?:\d+\.?\d*|\.\d+)")

NOT_BUILT = ("Kaplan–Meier",)
"""Rows of methods that the product does not have yet."""


def numbers(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in NUMBER.findall(text)]


def lists(text: str) -> list[list[float]]:
    """ ".4/.25 and 50/–/70" as lists; a dash is NaN."""
    found = re.findall(r"[\d.–]+(?:/[\d.–]+)+", text)
    return [[float("nan") if x == "–" else float(x) for x in one.split("/")] for one in found]


def table() -> dict[str, str]:
    """What → input and output, as printed."""
    text = SCIENCE.read_text(encoding="utf-8").split("## Known answers")[1]
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {what: answer for what, answer in cells if what != "what"}


def knots(what: str, answer: str) -> None:
    given, scores = lists(what)
    anchors = tuple(value for _, value in sorted(zip(scores, given, strict=True)))
    signal = spec("s", knots=anchors, higher_is_better=anchors[3] > anchors[0])
    people = accounts([{"account_id": "a"}])
    for pair in answer.split(", "):
        value, expected = numbers(pair)
        found = scored(values([("a", "s", value, "measured")]), people, [signal])
        assert found.contributions["subscore"].item() == pytest.approx(expected, abs=1e-9), pair


def shrinkage(what: str, answer: str) -> None:
    n, strength, own, parent, expected = numbers(answer)
    assert float(shrink(own, parent, int(n), strength)) == pytest.approx(expected)


def _scored(weights, subscores, references=None):
    """Literal knots 0/60/80/100 make a value its own subscore."""
    specs = [spec(f"s{i}", 100 * w) for i, w in enumerate(weights)]
    rows = [
        ("a", f"s{i}", None if np.isnan(s) else s, "missing" if np.isnan(s) else "measured")
        for i, s in enumerate(subscores)
    ]
    people = accounts([{"account_id": "a"}])
    empty = values([])
    frozen = fit_baseline(empty, assign(people, SegmentRules()), specs, SegmentRules(), DAY)
    if references:
        frozen = frozen.sort("signal").with_columns(reference=pl.Series(references))
    return scored(values(rows), people, specs, baseline=frozen)


def missing(what: str, answer: str) -> None:
    weights, subscores, effective = lists(answer)
    score, coverage = numbers(answer.split(" → ")[1])[:2]
    found = _scored(weights, subscores)
    assert found.raw["score"].item() == pytest.approx(score, abs=1e-9)
    assert found.raw["coverage"].item() == pytest.approx(coverage, abs=1e-9)
    assert found.contributions["weight"].to_list() == pytest.approx(effective, abs=1e-9)


def fades(what: str, answer: str) -> None:
    ttl, half_life = numbers(what)
    given, expected = map(numbers, answer.split(" → "))
    found = pl.DataFrame({"age": given}).select(freshness(pl.col("age"), ttl, half_life))
    assert found.to_series().to_list() == pytest.approx(expected, abs=5e-4)


def contributions(what: str, answer: str) -> None:
    subscores, references, weights = lists(what)
    *parts, total = numbers(answer)
    found = _scored(weights, subscores, references).contributions["points_vs_reference"]
    assert found.to_list() == pytest.approx(parts, abs=1e-9)
    assert found.sum() == pytest.approx(total, abs=1e-9)


def tiers(what: str, answer: str) -> None:
    rules = RULES.model_copy(update={"band": numbers(what)[0]})
    letters = {"red": "R", "yellow": "Y", "green": "G"}
    for case in answer.split("; "):
        given, expected = case.split(" → ")
        scores = numbers(given)
        raw = pl.DataFrame(
            {
                "account_id": "a",
                "date": [DAY + timedelta(days=n) for n in range(len(scores))],
                "score": scores,
                "hard": False,
                "cap": pl.Series([None] * len(scores), dtype=pl.String),
            }
        ).with_columns(tier_by_score=tier_by_score(pl.col("score"), rules))
        held = [letters[tier] for tier in hold(raw, NOT_PUBLISHED, rules)["tier"]]
        said = expected.split()
        assert held == (said[1:] * len(held) if said[0] == "all" else said), case


def stability(what: str, answer: str) -> None:
    (slope,) = lists(answer)
    share, times, *_, expected = numbers(answer)
    found = psi(np.full(int(times), share), np.array(slope), smoothing=0)
    assert found == pytest.approx(expected, abs=5e-7)


def false_discoveries(what: str, answer: str) -> None:
    given, printed = answer.split(" → ")
    repeated = (part.split("×") for part in printed.split(","))
    expected = [
        float(value) for value, *times in repeated for _ in range(int(times[0]) if times else 1)
    ]
    assert adjusted(np.array(numbers(given))) == pytest.approx(expected, abs=5e-5)


def separation(what: str, answer: str) -> None:
    lost, score = (np.array(numbers(part)) for part in what.split(" s="))
    churned, red = lost.astype(bool), score < RULES.tiers[1].low
    found = [
        metrics.auc(churned, -score),
        metrics.average_precision(churned, -score),
        metrics.ks(churned, -score),
        metrics.share(red, churned),
        metrics.share(red, ~churned),
    ]
    assert found == pytest.approx(numbers(answer), abs=5e-5)


def interval(what: str, answer: str) -> None:
    for case in answer.split("; "):
        successes, n, low, high = numbers(case)
        assert wilson(int(successes), int(n)) == pytest.approx((low, high), abs=5e-5), case


def change(what: str, answer: str) -> None:
    weights_0, weights, subscores_0, subscores = lists(what)
    scores, behaviour, weighed, total = answer.split("; ")
    (centre, *by_weight), (score_0, score) = numbers(weighed), numbers(scores)
    days = {DAY - timedelta(days=7): (weights_0, subscores_0), DAY: (weights, subscores)}
    drivers = pl.DataFrame(
        [
            ("a", day, f"s{n}", w, s, centre, None)
            for day, (of_weight, of_subscore) in days.items()
            for n, (w, s) in enumerate(zip(of_weight, of_subscore, strict=True))
        ],
        schema=dict.fromkeys(("account_id", "date", "signal"), pl.String)
        | {"date": pl.Date}
        | dict.fromkeys(("weight", "subscore", "reference", "value"), pl.Float64),
        orient="row",
    )
    common = {"account_id": ["a"], "date": [DAY], "segment": ["s"]}
    now = pl.DataFrame(common | {"score": [score], "model_version": ["new"]})
    then = pl.DataFrame(
        common
        | {"score": [score_0], "model_version": ["old"], "compared_with": [DAY - timedelta(days=7)]}
    )
    nothing = pl.DataFrame(schema={"segment": pl.String, "signal": pl.String, "weight": pl.Float64})
    found = changes(now, then, drivers, Rules(RESULT_TABLES["baselines"].empty(), {}, nothing))
    parts = {(row["effect"], row["signal"]): row["points"] for row in found.to_dicts()}
    for effect, expected in (("behaviour", numbers(behaviour)), ("weight", by_weight)):
        told = [parts.get((effect, f"s{n}"), 0.0) for n in range(len(expected))]
        assert told == pytest.approx(expected, abs=1e-9), effect
    assert found["points"].sum() == pytest.approx(numbers(total)[0], abs=1e-9)


def path_to_green(what: str, answer: str) -> None:
    weights, subscores, caps, costs = lists(what)
    score, needs, *lifts, cost, best = numbers(answer)
    levers = [
        Lever(f"s{n}", w, s, cap, effort, "p")
        for n, (w, s, cap, effort) in enumerate(zip(weights, subscores, caps, costs, strict=True))
    ]
    path = cheapest_path(levers, score, score + needs)
    found = {step.signal: step.end - step.start for step in path.steps}
    assert [found.get(lever.signal, 0.0) for lever in levers] == pytest.approx(lifts)
    assert (path.needs, path.effort, path.best) == pytest.approx((needs, cost, best))
    assert sum(w * s for w, s in zip(weights, subscores, strict=True)) == pytest.approx(score)


ROWS: dict[str, Callable[[str, str], None]] = {
    "knots up": knots,
    "knots down": knots,
    "shrinkage": shrinkage,
    "missing": missing,
    "freshness": fades,
    "contributions": contributions,
    "change": change,
    "tiers": tiers,
    "PSI": stability,
    "BH": false_discoveries,
    "metrics": separation,
    "Wilson": interval,
    "path to Green": path_to_green,
}


@pytest.mark.parametrize("start", ROWS)
def test_the_code_gives_what_the_table_says(start):
    what, answer = next(row for row in table().items() if row[0].startswith(start))
    ROWS[start](what, answer)


def test_every_row_is_worked_out_or_said_to_be_not_built():
    known = (*ROWS, *NOT_BUILT)
    assert [what for what in table() if not what.startswith(known)] == []
    assert len(table()) == len(known)

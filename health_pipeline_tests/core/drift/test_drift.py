"""Drift: what alerts, what is withheld and why, and that noise stays quiet."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from health_pipeline.core.drift.drift import METRICS, drift
from health_pipeline.core.drift.params import DriftRules
from health_pipeline.core.drift.psi import p_value
from health_pipeline.core.schemas.results import RESULT_TABLES

RULES = DriftRules()


def frame(values, segment="s", subject="score", first=0) -> pl.DataFrame:
    ids = [f"a{n}" for n in range(first, first + len(values))]
    return pl.DataFrame({"account_id": ids, "value": values}, strict=False).with_columns(
        segment=pl.lit(segment), subject=pl.lit(subject), value=pl.col("value").cast(pl.Float64)
    )


def figures(before: pl.DataFrame, now: pl.DataFrame, rules=RULES) -> dict:
    """Values of all metrics, n and note by (subject, segment)."""
    found = drift(before, now, rules, "2026-02", "v1")
    assert found.schema == RESULT_TABLES["drift"].columns
    out: dict = {}
    for row in found.iter_rows(named=True):
        cell = out.setdefault((row["subject"], row["segment"]), {})
        cell |= {row["metric"]: row["value"], "n": row["n"], "note": row["note"]}
    return out


def normal(n: int, mean: float = 70, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 10, n)


def test_a_shift_alerts_and_all_tests_agree():
    found = figures(frame(normal(300)), frame(normal(280, 60, seed=2)))[("score", "s")]
    assert found["alert"] == 1
    assert found["psi"] > 0.5
    assert max(found["p_adjusted"], found["ks_p"], found["mann_whitney_p"]) < 1e-6
    assert (found["n"], found["note"]) == (280, "280 values now, 300 before")


def test_a_sure_but_small_change_does_not_alert():
    found = figures(frame(normal(20000)), frame(normal(20000, 71.5, seed=2)))[("score", "all")]
    assert found["p_adjusted"] < 0.001
    assert 0 < found["psi"] < 0.1
    assert found["alert"] == 0


def test_a_large_psi_of_few_accounts_does_not_alert():
    found = figures(frame(normal(35)), frame(normal(35, seed=3)))[("score", "all")]
    assert found["psi"] > 0.1
    assert found["p"] == pytest.approx(p_value(found["psi"], 35, 35, 5))
    assert found["p_adjusted"] > 0.05
    assert found["alert"] == 0


def with_missing(share: float, n: int = 200, seed: int = 2) -> list[float | None]:
    values = normal(n, seed=seed).tolist()
    return [None if i < share * n else v for i, v in enumerate(values)]


WITHHELD = [
    (
        "29 on one side",
        normal(29),
        normal(300),
        0,
        "not enough evidence: 300 values now, 29 before, 30 needed",
    ),
    (
        "enough rows, too few values",
        with_missing(0.9),
        with_missing(0.9),
        0,
        "not enough evidence: 20 values now, 20 before, 30 needed",
    ),
    (
        "values vanish",
        normal(200),
        with_missing(0.34),
        1,
        "outage, not tested: 34% of values are missing, 0% before",
    ),
    ("rows vanish", normal(300), normal(200), 1, "outage, not tested: 200 rows, 300 before"),
    ("everything is gone", normal(300), [], 1, "outage, not tested: 0 rows, 300 before"),
    (
        "all zero",
        normal(200),
        [0.0] * 200,
        1,
        "outage, not tested: all 200 values are 0, 0% before",
    ),
    (
        "a new subject",
        [],
        normal(200),
        0,
        "not enough evidence: 200 values now, 0 before, 30 needed",
    ),
    (
        "nothing to compare with",
        [0.0] * 200,
        normal(200),
        0,
        "not tested: all values before are 0; 200 values now, 200 before",
    ),
]


@pytest.mark.parametrize(("why", "before", "now", "outage", "note"), WITHHELD)
def test_withheld_tests_say_why(why, before, now, outage, note):
    found = figures(frame(before), frame(now))[("score", "all")]
    assert (found["outage"], found["note"]) == (outage, note), why
    assert [found[m] for m in METRICS if m != "outage"] == [None] * 6, why


TESTED = [
    ("values were always missing", with_missing(0.3, seed=1), with_missing(0.4)),
    ("a rare thing did not happen this month", [1.0] * 10 + [0.0] * 190, [0.0] * 200),
    ("a fifth fewer rows", normal(300), normal(240, seed=2)),
]


@pytest.mark.parametrize(("why", "before", "now"), TESTED)
def test_no_outage(why, before, now):
    found = figures(frame(before), frame(now))[("score", "all")]
    assert found["outage"] == 0, why
    assert found["psi"] is not None, why


def test_accounts_that_change_segment_are_no_outage():
    before = pl.concat([frame(normal(100), "x"), frame(normal(100), "y", first=100)])
    now = pl.concat([frame(normal(60), "x"), frame(normal(140), "y", first=60)])
    found = figures(before, now)
    assert {cell["outage"] for cell in found.values()} == {0}


def test_an_account_counts_once_with_its_latest_value():
    old = frame(normal(100)).with_columns(date=pl.lit(date(2026, 2, 1)))
    new = frame(normal(100, 40)).with_columns(date=pl.lit(date(2026, 2, 28)))
    found = figures(frame(normal(100, 40, seed=5)), pl.concat([new, old]))[("score", "all")]
    assert found["n"] == 100
    assert found["alert"] == 0


def test_the_family_is_every_segment_and_subject():
    """One change among many quiet pairs pays for the whole family."""
    rng = np.random.default_rng(4)
    before, now = [], []
    for k in range(20):
        before.append(frame(rng.normal(size=60), "s", f"signal{k:02}"))
        now.append(frame(rng.normal(0.55 if k == 0 else 0, 1, 60), "s", f"signal{k:02}"))
    alone = figures(before[0], now[0])[("signal00", "s")]
    among = figures(pl.concat(before), pl.concat(now))
    assert among[("signal00", "s")]["p"] == alone["p"]
    assert among[("signal00", "s")]["p_adjusted"] > 3 * alone["p_adjusted"]
    assert all(cell["p_adjusted"] >= cell["p"] for cell in among.values())


def test_noise_alerts_at_most_in_five_of_a_hundred_reports():
    rng = np.random.default_rng(9)
    alerts = 0
    for _ in range(300):
        n = int(rng.integers(30, 400))
        before, now = frame(rng.normal(size=n)), frame(rng.normal(size=int(0.9 * n)))
        found = drift(before, now, RULES, "2026-02", "v1").filter(pl.col("metric") == "alert")
        alerts += (found["value"] == 1).any()
    assert alerts / 300 <= 0.05


def test_noise_in_a_family_of_three_hundred_is_silent():
    rng = np.random.default_rng(10)
    sides = [
        pl.concat(frame(rng.normal(size=60), subject=f"signal{k}") for k in range(300))
        for _ in range(2)
    ]
    found = drift(*sides, RULES, "2026-02", "v1").pivot(
        "metric", index=["segment", "subject"], values="value"
    )
    assert (found["p"] < 0.05).sum() > 5
    assert found["alert"].sum() == 0


def test_nothing_in_nothing_out():
    assert drift(frame([]), frame([]), RULES, "2026-02", "v1").is_empty()

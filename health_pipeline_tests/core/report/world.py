"""A published day of any number of accounts, as the report reads it, made without a run.

Figures are drawn with a seed and agree with each other as those of a run do: points add up to the
score, parts to the move, tiers follow the score.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from health_pipeline.config.loader import load_model
from health_pipeline.core.report.read import HISTORY_DAYS, Read, Words
from health_pipeline.core.schemas.results import RESULT_TABLES

DAY = date(2026, 3, 31)
MADE = datetime(2026, 4, 1, 2, 13, tzinfo=UTC)
MODEL = load_model(None)
SIGNALS = [spec for spec in MODEL.signals if spec.weight > 0]
SEGMENTS = ("enterprise", "enterprise_large", "growth", "growth_mid_large", "starter")
BANDS = tuple(band.name for band in MODEL.segments.acv_bands)
WORDS = ("north", "lake", "bright", "iron", "maple", "cloud", "river", "stone", "field", "harbour")


def world(accounts: int, *, seed: int = 1, at_risk: float = 0.3) -> Read:
    """`accounts` customers on `DAY`, about `at_risk` of them Red or Yellow, one in 40 unscored."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 2**62, accounts)
    ids = pl.Series("account_id", [f"acc_{number:016x}" for number in numbers], dtype=pl.String)
    base = np.where(
        rng.random(accounts) < at_risk, rng.normal(68, 8, accounts), rng.normal(90, 4, accounts)
    )
    contributions = _contributions(rng, ids, np.clip(base, 5, 99))
    score = contributions.group_by("account_id", maintain_order=True).agg(pl.col("points").sum())
    scores = _scores(rng, ids, score["points"].to_numpy())
    history = _history(rng, scores)
    return Read(
        day=DAY,
        scores=scores,
        history=history,
        segments=_conform("segments", scores, acv_band=pl.Series(rng.choice(BANDS, accounts))),
        contributions=contributions,
        signals=_signals(rng, contributions),
        reasons=_reasons(contributions),
        changes=_changes(rng, scores, history),
        narratives=_narratives(scores),
        overrides=RESULT_TABLES["overrides"].empty(),
        guard=RESULT_TABLES["discount_guard"].empty(),
        outages=RESULT_TABLES["outages"].empty(),
        accounts=_accounts(rng, ids, scores),
        quarantine=RESULT_TABLES["quarantine"].empty(),
        unresolved=RESULT_TABLES["unresolved"].empty(),
        plays=_plays(scores),
        coverage=pl.DataFrame(),
        planned=ids.head(accounts // 50),
        renewals=None,
    )


def words() -> Words:
    """The words of the packaged model."""
    return Words(
        currency=MODEL.churn.currency,
        groups={spec.name: spec.group for spec in MODEL.signals},
        units={spec.name: spec.unit for spec in MODEL.signals},
        plays={play.name: (play.title, play.goal) for play in MODEL.plays.plays.values()},
        acv_bands=BANDS,
        made_at=MADE,
    )


def _conform(table: str, frame: pl.DataFrame, **more: object) -> pl.DataFrame:
    """`frame` with `more`, in the shape of a result table; what is not there is null."""
    filled = frame.with_columns(**more)  # type: ignore[arg-type]
    columns = RESULT_TABLES[table].columns
    absent = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in columns.items()
        if name not in filled.columns
    ]
    return filled.with_columns(absent).select(
        pl.col(name).cast(dtype) for name, dtype in columns.items()
    )


def _contributions(rng: np.random.Generator, ids: pl.Series, base: np.ndarray) -> pl.DataFrame:
    width = len(SIGNALS)
    weights = np.array([spec.weight for spec in SIGNALS])
    weights = weights / weights.sum()
    subscores = np.clip(base[:, None] + rng.normal(0, 22, (len(ids), width)), 0, 100)
    reference = rng.uniform(75, 100, width)
    flat = pl.DataFrame(
        {
            "account_id": np.repeat(ids.to_numpy(), width),
            "signal": [spec.name for spec in SIGNALS] * len(ids),
            "group": [spec.group for spec in SIGNALS] * len(ids),
            "status": "measured",
            "weight": np.tile(weights, len(ids)),
            "subscore": subscores.ravel(),
            "reference": np.tile(reference, len(ids)),
            "points": (subscores * weights).ravel(),
            "points_vs_reference": ((subscores - reference) * weights).ravel(),
        }
    )
    return _conform("contributions", flat, date=pl.lit(DAY))


def _tier(score: np.ndarray) -> np.ndarray:
    return np.select(
        [np.isnan(score), score < 60, score < 80], ["unscored", "red", "yellow"], "green"
    )


def _scores(rng: np.random.Generator, ids: pl.Series, score: np.ndarray) -> pl.DataFrame:
    score = np.where(rng.random(len(ids)) < 1 / 40, np.nan, score)
    frame = pl.DataFrame(
        {
            "account_id": ids,
            "score": pl.Series(score, nan_to_null=True),
            "tier": _tier(score),
            "arr": np.round(np.exp(rng.normal(9.5, 1.3, len(ids))), 2),
            "segment": rng.choice(SEGMENTS, len(ids)),
            "coverage": rng.uniform(0.7, 1, len(ids)),
            "expansion_index": rng.uniform(0, 100, len(ids)),
            "tier_since": [
                DAY - timedelta(days=int(back)) for back in rng.integers(0, 200, len(ids))
            ],
        }
    )
    more = {"date": pl.lit(DAY), "scored_at": pl.lit(MADE), "model_version": pl.lit("made")}
    return _conform("health_scores", frame, **more)


def _history(rng: np.random.Generator, scores: pl.DataFrame) -> pl.DataFrame:
    """A random walk that ends at the score of the day."""
    steps = rng.normal(0, 1.2, (scores.height, HISTORY_DAYS)) * (
        rng.random((scores.height, HISTORY_DAYS)) < 0.7
    )
    ends = scores["score"].fill_null(np.nan).to_numpy()
    walk = np.hstack([ends[:, None] - np.cumsum(steps[:, ::-1], axis=1)[:, ::-1], ends[:, None]])
    flat = np.clip(walk, 0, 100).ravel()
    days = [DAY - timedelta(days=back) for back in range(HISTORY_DAYS, -1, -1)]
    return pl.DataFrame(
        {
            "account_id": np.repeat(scores["account_id"].to_numpy(), len(days)),
            "date": pl.Series(days * scores.height, dtype=pl.Date),
            "score": pl.Series(flat, nan_to_null=True),
            "tier": _tier(flat),
            "arr": np.repeat(scores["arr"].to_numpy(), len(days)),
        }
    )


def _signals(rng: np.random.Generator, contributions: pl.DataFrame) -> pl.DataFrame:
    value = rng.gamma(2, 20, contributions.height)
    norms = {spec.name: float(n) for n, spec in enumerate(SIGNALS, 10)}
    return _conform(
        "signals",
        contributions,
        value=pl.Series(value),
        segment_baseline=pl.col("signal").replace_strict(norms, return_dtype=pl.Float64),
        observed_on=pl.lit(DAY),
    )


def _reasons(contributions: pl.DataFrame) -> pl.DataFrame:
    specs = {spec.name: spec for spec in SIGNALS}
    worst = (
        contributions.sort("account_id", "points_vs_reference", "signal")
        .group_by("account_id", maintain_order=True)
        .head(4)
        .with_columns(rank=pl.int_range(1, pl.len() + 1).over("account_id"))
    )
    by_name = {name: spec.reason_code for name, spec in specs.items()}
    plays = {name: spec.play for name, spec in specs.items()}
    said = pl.format(
        "{} at {} of 100 (segment norm {})",
        pl.col("signal").str.replace_all("_", " "),
        pl.col("subscore").round(1),
        pl.col("reference").round(0),
    )
    evidence = pl.struct(
        value="subscore",
        unit=pl.lit("%"),
        baseline="reference",
        subscore="subscore",
        observed_on=pl.lit(DAY),
        detail=pl.lit(None, pl.String),
    )
    return _conform(
        "reason_codes",
        worst,
        direction=pl.lit("risk"),
        reason_code=pl.col("signal").replace_strict(by_name),
        points="points_vs_reference",
        sentence=said,
        evidence=evidence,
        play=pl.col("signal").replace_strict(plays),
    )


def _changes(rng: np.random.Generator, scores: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    then = history.filter(pl.col("date") == DAY - timedelta(days=7)).select(
        "account_id", before="score"
    )
    deltas = scores.join(then, "account_id").drop_nulls(["score", "before"])
    count = 9
    shares = rng.dirichlet(np.ones(count), deltas.height)
    delta = (deltas["score"] - deltas["before"]).to_numpy()
    frame = pl.DataFrame(
        {
            "account_id": np.repeat(deltas["account_id"].to_numpy(), count),
            "delta": np.repeat(delta, count),
            "signal": [spec.name for spec in SIGNALS[:count]] * deltas.height,
            "points": (shares * delta[:, None]).ravel(),
        }
    )
    back = {
        "date": pl.lit(DAY),
        "compared_with": pl.lit(DAY - timedelta(days=7)),
        "effect": pl.lit("behaviour"),
    }
    return _conform("score_changes", frame, **back)


def _narratives(scores: pl.DataFrame) -> pl.DataFrame:
    shown = pl.col("score").round(1)
    return _conform(
        "narratives",
        scores,
        headline=pl.format("{} is {} at {}", "account_id", "tier", shown.fill_null(0)),
        text=pl.format(
            "What weighs on it: usage at {}; the sponsor is silent for {} days.",
            shown.fill_null(0),
            pl.col("coverage").round(3),
        ),
        next_steps=pl.lit("Call the champion with the usage chart."),
        context=pl.format("Renewal due {}.", pl.col("tier_since")),
    )


def _accounts(rng: np.random.Generator, ids: pl.Series, scores: pl.DataFrame) -> pl.DataFrame:
    chosen = rng.choice(WORDS, (len(ids), 3))
    frame = pl.DataFrame(
        {
            "account_id": ids,
            "name": [f"{' '.join(three).title()} {n} Ltd" for n, three in enumerate(chosen)],
            "domain": [f"{three[0]}-{three[1]}-{n}.example" for n, three in enumerate(chosen)],
            "owner_email": [
                None if n % 50 == 0 else f"csm-{n % 40}@vendor.example" for n in range(len(ids))
            ],
            "renews_on": [
                DAY + timedelta(days=int(days)) for days in rng.integers(-30, 400, len(ids))
            ],
            "arr": scores["arr"],
        }
    )
    return _conform("accounts", frame)


def _plays(scores: pl.DataFrame) -> pl.DataFrame:
    play = next(iter(MODEL.plays.plays.values()))
    steps = [
        {"text": step.text, "owner": "csm-1@vendor.example", "due": DAY} for step in play.steps
    ]
    red = scores.filter(pl.col("tier") == "red")
    return _conform(
        "plays",
        red,
        play=pl.lit(play.name),
        status=pl.lit("proposed"),
        reason_code=pl.lit("usage_trend_down"),
        play_id=pl.format("play_{}", "account_id"),
        opened_at=pl.lit(MADE),
        due_at=pl.lit(MADE),
        owner_email=pl.lit("csm-1@vendor.example"),
        steps=pl.lit(pl.Series([steps], dtype=RESULT_TABLES["plays"].columns["steps"])).first(),
    )

"""Everything behind one account's score on one day, as published."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.baseline import version_of
from health_pipeline.orchestration.find import Match
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.paths import WayUp, ways_up


@dataclass(frozen=True, slots=True)
class Explained:
    """Rows of the result tables for one account and day; `score` is None when it has none.

    Attributes:
        match: the account.
        day: the day, None when nothing was ever scored.
        score: its row of `health_scores`.
        drivers: its `contributions` beside value, unit, status, age, norm and knots.
        reasons: its `reason_codes`, risks first.
        narrative: its row of `narratives`.
        plays: its plays that are not closed, on an earlier day than the last one as of its end.
        history: date, score, tier of the last 90 days.
        override: its row of `overrides`, None when nobody said anything.
        changes: its `score_changes` of the day.
        way_up: its cheapest path to the next tier; None in the best tier and without a score.
    """

    match: Match
    day: date | None
    score: dict[str, Any] | None
    drivers: pl.DataFrame
    reasons: pl.DataFrame
    narrative: dict[str, Any] | None
    plays: pl.DataFrame
    history: pl.DataFrame
    override: dict[str, Any] | None
    changes: pl.DataFrame
    way_up: WayUp | None


def _rows(stores: Stores, table: str, account: str, day: date | None) -> pl.DataFrame:
    found = stores.lake.frame(table, day, day) if day else None
    frame = RESULT_TABLES[table].empty() if found is None else found
    return frame.filter(pl.col("account_id") == account)


def explain_account(stores: Stores, match: Match, day: date | None) -> Explained:
    """Read what is published for the account on `day`, by default the last scored one."""
    scored = stores.lake.days("health_scores")
    chosen = day or (scored[-1] if scored else None)
    account = match.account_id
    score = _rows(stores, "health_scores", account, chosen)
    narrative = _rows(stores, "narratives", account, chosen)
    override = _rows(stores, "overrides", account, chosen)
    return Explained(
        match=match,
        day=chosen,
        score=score.row(0, named=True) if score.height else None,
        drivers=_drivers(stores, account, chosen),
        reasons=_rows(stores, "reason_codes", account, chosen).sort("direction", "rank"),
        narrative=narrative.row(0, named=True) if narrative.height else None,
        plays=_plays(stores, account, chosen),
        history=_history(stores, account, chosen),
        override=override.row(0, named=True) if override.height else None,
        changes=_rows(stores, "score_changes", account, chosen),
        way_up=_way_up(stores, score, account, chosen),
    )


def _way_up(stores: Stores, score: pl.DataFrame, account: str, day: date | None) -> WayUp | None:
    """The path under the model at hand; an older model's weights are not known."""
    stored = stores.lake.frame("baselines")
    if day is None or stored is None or score["score"].is_null().all():
        return None
    used = stored.join(score, on="model_version", how="semi")
    if version_of(stores.model, used) not in score["model_version"].to_list():
        return None
    rules, known = stores.model.scoring, stores.model.signals
    contributions, signals = (
        _rows(stores, table, account, day) for table in ("contributions", "signals")
    )
    return ways_up(rules, known, score, contributions, signals, used).get(account)


def _drivers(stores: Stores, account: str, day: date | None) -> pl.DataFrame:
    contributions = _rows(stores, "contributions", account, day)
    signals = _rows(stores, "signals", account, day)
    scores = _rows(stores, "health_scores", account, day)
    stored = stores.lake.frame("baselines")
    baselines = RESULT_TABLES["baselines"].empty() if stored is None else stored
    knots = baselines.join(scores, on=["segment", "model_version"], how="semi")
    return (
        contributions.join(
            signals.drop("subscore", "status"), on=["account_id", "date", "signal"], how="left"
        )
        .join(knots.select("signal", "k0", "k60", "k80", "k100", "borrowed"), "signal", "left")
        .sort("group", "signal")
    )


def _plays(stores: Stores, account: str, day: date | None) -> pl.DataFrame:
    """What people do after the last scored day is told with it; of earlier days what was known."""
    found = stores.lake.frame("plays")
    plays = RESULT_TABLES["plays"].empty() if found is None else found
    own, scored = plays.filter(pl.col("account_id") == account), stores.lake.days("health_scores")
    if day is not None and scored and day < scored[-1]:
        return running_plays(own, [day]).drop("date")
    return own.filter(pl.col("status") != "closed").sort("opened_at")


def _history(stores: Stores, account: str, day: date | None) -> pl.DataFrame:
    shape = RESULT_TABLES["health_scores"]
    first = day - timedelta(days=90) if day else None
    found = stores.lake.frame("health_scores", first, day) if day else None
    frame = shape.empty() if found is None else found
    return frame.filter(pl.col("account_id") == account).select("date", "score", "tier")

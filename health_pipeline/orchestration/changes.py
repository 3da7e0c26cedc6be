"""Moves of scores over many days, from the published tables."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.core.explanation.change import Rules, changes, compared_with
from health_pipeline.core.explanation.identity_effect import join_days, move_days, with_identity
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity_history import moved_accounts
from health_pipeline.orchestration.plan import SCORES
from health_pipeline.orchestration.publish import published, published_on
from health_pipeline.orchestration.window import Window

COMPARISONS = 3
"""Earlier days that a day is compared with, at most."""

_SCORE = ("account_id", "date", "score", "segment", "model_version")
_DRIVER = ("account_id", "date", "signal", "weight", "subscore", "reference")


def changes_of(stores: Stores, part: Window) -> pl.DataFrame:
    """`score_changes` of the days of `part`, each against its earlier days."""
    scored = sorted(stores.lake.days(SCORES))
    earlier = {day: compared_with(scored, day) for day in part.days if day in set(scored)}
    days = sorted({*earlier, *(one for before in earlier.values() for one in before)})
    scores = published_on(stores, SCORES, days).select(_SCORE)
    drivers = published_on(stores, "contributions", days).select(_DRIVER)
    rules = _rules(stores.model, published(stores, part, "baselines")["baselines"])
    found = [RESULT_TABLES["score_changes"].empty()]
    for turn in range(max(map(len, earlier.values()), default=0)):
        pairs = [(day, before[turn]) for day, before in earlier.items() if len(before) > turn]
        paired = pl.DataFrame(
            pairs, schema={"day": pl.Date, "compared_with": pl.Date}, orient="row"
        )
        then = scores.rename({"date": "compared_with"}).join(paired, on="compared_with")
        then = then.rename({"day": "date"})
        now = scores.filter(pl.col("date").is_in([day for day, _ in pairs]))
        valued = _valued(stores, drivers, now, then)
        found.append(changes(now, then, valued, rules))
    whole = pl.concat(found)
    if not days:
        return whole
    compared = scores.filter(
        pl.col("date").is_in([one for before in earlier.values() for one in before])
    )
    return with_identity(whole, _jumps(stores, scored, days, rules, compared.drop_nulls("score")))


def _jumps(
    stores: Stores, scored: list[date], days: list[date], rules: Rules, compared: pl.DataFrame
) -> pl.DataFrame:
    """Parts of the moves of the days on which records joined accounts that are in `compared`."""
    moved = move_days(moved_accounts(stores), scored, days[0], days[-1])
    xref = stores.lake.frame("account_xref")
    if xref is None:
        return RESULT_TABLES["score_changes"].empty()
    known = xref.join(compared, on="account_id", how="semi")  # most records join with a new account
    joins = pl.concat([join_days(known, scored, days[0], days[-1]), moved]).unique()
    scores = _of(stores, SCORES, _SCORE, joins)
    before = scores.rename({"date": "compared_with"})
    joins = joins.join(before, on=["account_id", "compared_with"], how="semi")
    drivers = _of(stores, "contributions", _DRIVER, joins)
    now = scores.join(joins, on=["account_id", "date"], how="semi")
    then = scores.rename({"date": "compared_with"}).join(joins, on=["account_id", "compared_with"])
    return changes(now, then, _valued(stores, drivers, now, then), rules)


def _of(stores: Stores, name: str, columns: tuple[str, ...], joins: pl.DataFrame) -> pl.DataFrame:
    """Rows of the accounts and days of `joins`."""
    who = joins["account_id"].unique().implode()
    rows = (
        published_on(stores, name, [day]).select(columns).filter(pl.col("account_id").is_in(who))
        for day in sorted({*joins["date"], *joins["compared_with"]})
    )
    return pl.concat([RESULT_TABLES[name].empty().select(columns), *rows])


def _valued(
    stores: Stores, drivers: pl.DataFrame, now: pl.DataFrame, then: pl.DataFrame
) -> pl.DataFrame:
    """`drivers` with raw values, which are only asked where the model or the segment changed."""
    both = now.join(then, on=["account_id", "date"], suffix="_0")
    apart = both.filter(
        (pl.col("segment") != pl.col("segment_0"))
        | (pl.col("model_version") != pl.col("model_version_0"))
    )
    if apart.is_empty():
        return drivers.with_columns(pl.lit(None, dtype=pl.Float64).alias("value"))
    days = sorted({*apart["date"], *apart["compared_with"]})
    values = (
        published_on(stores, "signals", days)
        .select("account_id", "date", "signal", "value")
        .join(apart.select(pl.col("account_id").unique()), on="account_id", how="semi")
    )
    return drivers.join(values, on=["account_id", "date", "signal"], how="left")


def _rules(model: HealthModel, baselines: pl.DataFrame) -> Rules:
    segments: Mapping[str, None] = dict.fromkeys(baselines["segment"].unique().sort())
    weights = [
        (segment, spec.name, spec.within(segment).weight)
        for segment in segments
        for spec in model.signals
    ]
    return Rules(
        baselines,
        {spec.name: spec.higher_is_better for spec in model.signals},
        pl.DataFrame(
            weights,
            schema={"segment": pl.String, "signal": pl.String, "weight": pl.Float64},
            orient="row",
        ),
    )

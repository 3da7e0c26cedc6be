"""Moves of scores over many days, from the published tables."""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from health_pipeline.adapters.store.models import parts_of_version
from health_pipeline.config.model import HealthModel
from health_pipeline.core.explanation.change import Rules, changes, compared_with, with_measure
from health_pipeline.core.explanation.identity_effect import join_days, move_days, with_identity
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity_history import moved_accounts
from health_pipeline.orchestration.model_parts import measured_otherwise
from health_pipeline.orchestration.plan import SCORES
from health_pipeline.orchestration.publish import published, published_on
from health_pipeline.orchestration.window import Window, runs_of

COMPARISONS = 3
"""Earlier days that a day is compared with, at most."""

_SCORE = ("account_id", "date", "score", "segment", "model_version")
_DRIVER = ("account_id", "date", "signal", "weight", "subscore", "reference")


def changes_of(stores: Stores, part: Window) -> pl.DataFrame:
    """`score_changes` of the days of `part`, each against its earlier days."""
    scored = sorted(stores.lake.days(SCORES))
    earlier = {day: compared_with(scored, day) for day in part.days if day in set(scored)}
    days = sorted({*earlier, *(one for before in earlier.values() for one in before)})
    scores = _read(stores, SCORES, _SCORE, days)
    drivers = _read(stores, "contributions", _DRIVER, days).filter(pl.col("weight") > 0)
    rules = _rules(stores.model, published(stores, part, "baselines")["baselines"])
    pairs = pl.DataFrame(
        [(day, one) for day, before in earlier.items() for one in before],
        schema={"day": pl.Date, "compared_with": pl.Date},
        orient="row",
    )
    then = scores.rename({"date": "compared_with"}).join(pairs, on="compared_with")
    then = then.rename({"day": "date"})
    now = scores.filter(pl.col("date").is_in(list(earlier)))
    found = changes(now, then, _valued(stores, drivers, now, then), rules)
    if not days:
        return found
    compared = then.select("account_id", "score").drop_nulls("score")
    told = with_identity(found, _jumps(stores, scored, days, rules, compared))
    return with_measure(told, _measured_otherwise(stores, scores, earlier))


def _measured_otherwise(
    stores: Stores, scores: pl.DataFrame, earlier: Mapping[date, Sequence[date]]
) -> pl.DataFrame:
    """`date`, `compared_with`, `signal`: what the versions of the two days measure otherwise."""
    version_on = dict(scores.select("date", "model_version").unique().iter_rows())
    parts = {one: parts_of_version(stores.control, one) for one in set(version_on.values())}
    rows = [
        (day, one, signal)
        for day, before in earlier.items()
        for one in before
        if day in version_on and one in version_on
        for signal in measured_otherwise(
            stores.model, parts[version_on[day]], parts[version_on[one]]
        )
    ]
    schema = {"date": pl.Date(), "compared_with": pl.Date(), "signal": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _jumps(
    stores: Stores, scored: list[date], days: list[date], rules: Rules, compared: pl.DataFrame
) -> pl.DataFrame:
    """Parts of the moves of the days on which records joined accounts that are in `compared`."""
    moved = move_days(moved_accounts(stores), scored, days[0], days[-1])
    xref = stores.lake.frame("account_xref")
    if xref is None:
        return RESULT_TABLES["score_changes"].empty()
    since = pl.col("linked_at").dt.date()
    late = xref.filter((since > days[0]) & (since <= days[-1]))
    known = late.join(compared, on="account_id", how="semi")  # most join with a new account
    joins = pl.concat([join_days(known, scored, days[0], days[-1]), moved]).unique()
    if joins.is_empty():
        return RESULT_TABLES["score_changes"].empty()
    scores = _of(stores, SCORES, _SCORE, joins)
    before = scores.rename({"date": "compared_with"})
    joins = joins.join(before, on=["account_id", "compared_with"], how="semi")
    drivers = _of(stores, "contributions", _DRIVER, joins)
    now = scores.join(joins, on=["account_id", "date"], how="semi")
    then = scores.rename({"date": "compared_with"}).join(joins, on=["account_id", "compared_with"])
    return changes(now, then, _valued(stores, drivers, now, then), rules)


def _read(stores: Stores, name: str, columns: Sequence[str], days: Sequence[date]) -> pl.DataFrame:
    """These columns of a daily result table on these ascending days; no others are read."""
    empty = RESULT_TABLES[name].empty().select(columns)
    scans = (stores.lake.scan(name, run.first, run.last) for run in runs_of(days))
    parts = [scan.select(columns).collect() for scan in scans if scan is not None]
    return pl.concat([empty, *parts])


def _of(stores: Stores, name: str, columns: tuple[str, ...], joins: pl.DataFrame) -> pl.DataFrame:
    """Rows of the accounts and days of `joins`."""
    who = joins["account_id"].unique().implode()
    rows = (
        _read(stores, name, columns, [day]).filter(pl.col("account_id").is_in(who))
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

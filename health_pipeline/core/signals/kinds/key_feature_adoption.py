"""Share of the key features in the account's plan that were used in the last 30 days (R32).

A feature that the plan does not include is left out: not entitled is not "not used". An account
whose plan includes none of them is not applicable. `detail` names the unused ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.day import DayView, FeatureInfo
from health_pipeline.core.signals.answers import answers, not_applicable, usage
from health_pipeline.core.signals.kind import NOT_APPLICABLE, KindMeta


class Params(Frozen):
    """`features`: names of the key features; empty = all that the model marks as key."""

    features: tuple[str, ...] = ()


META = KindMeta(
    reads=("events", "usage_daily"),
    unit="%",
    higher_is_better=True,
    leading=True,
    default_knots=(0.0, 50.0, 75.0, 100.0),
    ttl_days=3.0,
    half_life_days=7.0,
    discrete=False,
    healthy_range="at least 75% of the key features of the plan used in 30 days",
    risk_pattern="half or more of the key features paid for stay unused",
    kpi="key feature adoption rate",
    risk_sentence="{value:.0f}% of the plan's key features used in 30 days (unused: {detail})",
    strength_sentence="{value:.0f}% of the plan's key features used in 30 days",
)


def compute(view: DayView, params: Params) -> pl.DataFrame:
    """Per cent of the entitled key features; `detail` names the unused ones."""
    chosen = _chosen(view, params)
    found = usage(view, users=False)
    if found is None or not chosen:
        return not_applicable(view)
    watched = reduce(or_, (1 << feature.bit for feature in chosen))
    used = pl.col("features_30d") & watched
    told = found.select("account_id", "observed_on", "plan", used=used)
    case = ["plan", "used"]  # there are few
    cases = _adoption(told.select(case).unique(), chosen)
    return answers(view, told.join(cases, case, "left", nulls_equal=True, maintain_order="left"))


def _adoption(cases: pl.DataFrame, chosen: Sequence[FeatureInfo]) -> pl.DataFrame:
    """`value`, `status` and `detail` of each `plan` and `used` (bit mask, null when unknown)."""
    entitled = {f.name: _entitled(f) for f in chosen}
    used = {f.name: (pl.col("used") & (1 << f.bit)) != 0 for f in chosen}
    owned = pl.sum_horizontal(entitled.values())
    unused = pl.concat_list(
        pl.when(entitled[f.name] & ~used[f.name]).then(pl.lit(f.name)) for f in chosen
    ).list.drop_nulls()
    return cases.with_columns(
        value=pl.when(owned > 0, pl.col("used").is_not_null()).then(
            100.0 * (1.0 - unused.list.len() / owned)
        ),
        status=pl.when(owned == 0).then(pl.lit(NOT_APPLICABLE)),
        detail=pl.when(unused.list.len() > 0)
        .then(unused.list.join(", "))
        .otherwise(pl.lit("none")),
    )


def _chosen(view: DayView, params: Params) -> list[FeatureInfo]:
    known = {feature.name: feature for feature in view.features}
    unknown = [name for name in params.features if name not in known]
    if unknown:
        raise ValueError(
            f"key_feature_adoption: unknown features {unknown}; the model has {list(known)}"
        )
    if params.features:
        return [known[name] for name in params.features]
    return [feature for feature in view.features if feature.key]


def _entitled(feature: FeatureInfo) -> pl.Expr:
    """True where the account's plan includes the feature; an unknown plan includes the common."""
    if not feature.plans:
        return pl.lit(True)
    plans = [plan.lower() for plan in feature.plans]
    return pl.col("plan").str.to_lowercase().is_in(plans).fill_null(False)

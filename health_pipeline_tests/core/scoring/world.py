"""Small frames and specs for the tests of segments and scoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.spec import SignalSpec
from health_pipeline.core.scoring.params import ScoringRules, TierRule
from health_pipeline.core.scoring.score import Scores, score
from health_pipeline.core.scoring.tiers import HELD
from health_pipeline.core.segments.assign import assign
from health_pipeline.core.segments.baseline import fit_baseline
from health_pipeline.core.segments.normalise import normalise
from health_pipeline.core.segments.params import SegmentRules

DAY = date(2026, 3, 31)
UP = (0.2, 0.45, 0.7, 0.9)
DOWN = (14.0, 5.0, 2.0, 1.0)
TIERS = (
    TierRule(name="green", low=80, high=100, words="strong core use, active sponsor"),
    TierRule(name="yellow", low=60, high=80, words="value but weakening"),
    TierRule(name="red", low=0, high=60, words="usage declining"),
)
RULES = ScoringRules(groups={"value_use": 60, "delivery": 40}, tiers=TIERS)
DEFAULT_SEGMENT = SegmentRules()
NO_HISTORY = pl.DataFrame(
    schema={"account_id": pl.String(), "date": pl.Date(), "score": pl.Float64()}
)
NOT_PUBLISHED = pl.DataFrame(schema={**HELD, "score": pl.Float64()})


def spec(name: str, weight: float = 10.0, **changes: object) -> SignalSpec:
    fields = {
        "name": name,
        "kind": "stickiness",
        "params": Frozen(),
        "group": "value_use",
        "weight": weight,
        "leading": True,
        "higher_is_better": True,
        "knots": (0.0, 60.0, 80.0, 100.0),
        "default_knots": (0.0, 60.0, 80.0, 100.0),
        "unit": "%",
        "ttl_days": 7.0,
        "half_life_days": 7.0,
        "hard": False,
        "discrete": False,
        "reason_code": f"{name}_low",
        "risk_sentence": "{value}",
        "strength_sentence": "{value}",
        "healthy_range": "80 to 100",
        "risk_pattern": "falling",
        "kpi": "adoption rate",
        "play": "deepen_core_use",
    }
    return SignalSpec.model_validate({**fields, **changes})


def accounts(rows: Iterable[Mapping[str, object]], day: date = DAY) -> pl.DataFrame:
    schema = {
        "account_id": pl.String(),
        "date": pl.Date(),
        "plan": pl.String(),
        "region": pl.String(),
        "customer_tier": pl.String(),
        "deployment": pl.String(),
        "employees": pl.Int64(),
        "arr": pl.Float64(),
        "renews_on": pl.Date(),
        "cancellation_notice_on": pl.Date(),
    }
    return pl.DataFrame([{"date": day, **row} for row in rows], schema=schema)


def values(rows: Iterable[tuple[str, str, float | None, str]], day: date = DAY) -> pl.DataFrame:
    """Rows of (account_id, signal, value, status), seen on the day itself."""
    return pl.DataFrame(
        [
            {
                "account_id": account,
                "date": day,
                "signal": signal,
                "value": value,
                "status": status,
                "observed_on": None if value is None else day,
                "detail": None,
            }
            for account, signal, value, status in rows
        ],
        schema=SIGNAL_VALUES,
    )


def scored(
    found: pl.DataFrame,
    people: pl.DataFrame,
    specs: list[SignalSpec],
    rules: ScoringRules = RULES,
    baseline: pl.DataFrame | None = None,
    history: pl.DataFrame = NO_HISTORY,
    segmented: SegmentRules = DEFAULT_SEGMENT,
) -> Scores:
    """From raw values to scores, by default with all accounts in the default segment."""
    segments = assign(people, segmented)
    if baseline is None:
        baseline = fit_baseline(found, segments, specs, segmented, DAY)
    signals = normalise(found, segments, baseline, specs)
    return score(
        signals, segments, people, baseline, specs, rules=rules, horizon_days=90, history=history
    )

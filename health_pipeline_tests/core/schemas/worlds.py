"""Small frames of the stages before explanation, for its tests."""

from __future__ import annotations

from datetime import date

import polars as pl

from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.spec import SignalSpec

DAY = date(2026, 3, 10)
ACCOUNT = "acc1"


def spec(name, **more):
    words = {
        "kind": name,
        "params": Frozen(),
        "group": "value_use",
        "weight": 10.0,
        "leading": True,
        "higher_is_better": True,
        "knots": "fit",
        "default_knots": (0.0, 1.0, 2.0, 3.0),
        "unit": "%",
        "ttl_days": 7.0,
        "half_life_days": 7.0,
        "hard": False,
        "discrete": False,
        "reason_code": f"{name}_low",
        "risk_sentence": "{value:.0f}% of seats active",
        "strength_sentence": "{value:.0f}% of seats active",
        "healthy_range": "60% or more",
        "risk_pattern": "below 40%",
        "kpi": "adoption rate",
        "play": f"fix_{name}",
    }
    return SignalSpec(name=name, **(words | more))


def table(name, rows):
    """Rows of a result table; what a row does not say is null."""
    columns = RESULT_TABLES[name].columns
    full = [dict.fromkeys(columns) | {"account_id": ACCOUNT, "date": DAY} | row for row in rows]
    known = [{key: row[key] for key in columns} for row in full]
    return RESULT_TABLES[name].conform(pl.DataFrame(known, schema=columns, orient="row"))

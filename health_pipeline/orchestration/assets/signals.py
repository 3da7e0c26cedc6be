"""What is normal for each signal; signals themselves are worked out where they are scored."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.config.model import HealthModel
from health_pipeline.orchestration.baseline import ensure_baseline
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import SIGNALS, contract_spec, landing_key, table_spec
from health_pipeline.orchestration.plan import plan_of
from health_pipeline.orchestration.publish import publish, published
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.usage import USAGE_WINDOWS
from health_pipeline.orchestration.values import Values
from health_pipeline.orchestration.window import REFIT_TAG, run_tags

READ = (
    "users",
    "subscriptions",
    "seat_requests",
    "invoices",
    "tickets",
    "milestones",
    "engagements",
    "integrations",
    "sentiments",
    "renewals",
)
"""Source tables that kinds of signals look at, beside usage, and whose silence is an outage."""

IN_WAVES = ("surveys",)
"""Looked at too, but silent by nature: a survey is asked for some weeks, then for months not at
all, and what would rest for its silence are the tiers of everybody."""

MEASURED_FROM = (USAGE_WINDOWS, "population", *map(landing_key, (*READ, *IN_WAVES)))
"""Assets that values of signals are worked out from."""


def assets(_: HealthModel) -> list[dg.AssetsDefinition]:
    """`baselines`."""

    @dg.multi_asset(
        name="baselines",
        specs=[
            table_spec(
                "baselines",
                SIGNALS,
                ["segments", *MEASURED_FROM],
                "What is normal in each segment: the raw values that score 0, 60, 80 and 100, and "
                "the reference that reasons compare with. Fitted once, frozen until a refit.",
            )
        ],
        check_specs=[contract_spec("baselines")],
    )
    def baselines(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            plan = plan_of(stores, run_tags(context))
            refit = context.run.tags.get(REFIT_TAG) == "true"
            # Two days: the last one is what the others are compared with.
            values_on = lru_cache(maxsize=2)(Values(stores, plan.window, plan.days).on)
            run_id = context.run.run_id
            found = ensure_baseline(stores, plan.days, values_on, run_id=run_id, refit=refit)
            whole = published(stores, plan.window, "baselines")["baselines"]
            figures = {
                "model_version": found.model_version,
                "fitted_through": str(found.fitted_through or "nothing to fit on yet"),
                "fitted_now": found.is_new,
                "borrowed_share": _share(found.frame, "borrowed"),
                "knots": table_value(found.frame.drop("model_version").head(200)),
            }
            yield from publish(context, stores, {"baselines": whole}, {"baselines": figures})

    return [baselines]


def _share(frame: pl.DataFrame, column: str) -> float:
    return float(frame[column].cast(pl.Float64).mean() or 0.0) if frame.height else 0.0  # type: ignore[arg-type]

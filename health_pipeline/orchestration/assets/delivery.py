"""What leaves: the CRM fields as a table and a CSV, and the views for people and BI."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.backfills import forget
from health_pipeline.adapters.store.views import build_views
from health_pipeline.config.model import HealthModel
from health_pipeline.core.delivery.crm_fields import Beside, as_export, crm_fields
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.days import as_of_days
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import ACTION, OWNER, contract_spec, landing_key, table_spec
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.plan import plan_of
from health_pipeline.orchestration.plays import plans_of
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.window import Window, run_tags

CRM_READS = (
    *("health_scores", "reason_codes", "narratives", "plays", "account_xref"),
    *("overrides", "discount_guard"),
)
CRM_SOURCES = ("renewals", "interventions")
EXPORT = "export/crm_fields.csv"
KEPT_DAYS = 7
"""Superseded run files stay so long for readers that still hold them."""

LAST_STEP = "views"
"""A name that sorts after those of all other steps, for an asset without partitions.

Dagster 1.13 plans every asset of a run for the partitions of the step that sorts last. Were that
step partitioned, a run over 90 days would also write 90 planned events for each of the assets that
have no partitions: two thirds of all that it writes before the first step.
"""


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`crm_fields` and `health_duckdb`."""

    @dg.multi_asset(
        name="crm_fields",
        specs=[
            table_spec(
                "crm_fields",
                ACTION,
                [*CRM_READS, *map(landing_key, CRM_SOURCES)],
                "The health fields of every CRM account, open renewal and opportunity, by one set "
                f"of names; the last day also as `{EXPORT}` in the lake.",
                partitions_def=daily(model),
            )
        ],
        check_specs=[contract_spec("crm_fields")],
        backfill_policy=SINGLE_RUN,
    )
    def crm(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "crm_fields", rescores=True, needs=["health_scores"])
            for part in walk:
                walk.publish(part, {"crm_fields": _crm_fields(stores, part)})
            yield from walk.results("crm_fields")
            if walk.is_sound and walk.plan.backfill is None:
                export = as_export(walk.last("crm_fields")).write_csv().encode()
                stores.lake.export(EXPORT, export)

    @dg.multi_asset(
        name=LAST_STEP,
        specs=[
            dg.AssetSpec(
                "health_duckdb",
                deps=["crm_fields", "alerts", "quarantine", "unresolved", "driver_states"],
                group_name=ACTION,
                kinds={"duckdb"},
                owners=[OWNER],
                tags={"room": ACTION[2:]},
                description="`health.duckdb`: one view for each promised table over the files "
                "that are visible now; replaced whole, so that a BI tool may hold it open.",
            )
        ],
    )
    def health_duckdb(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> dg.MaterializeResult[Any]:
        with house.open() as stores:
            backfill = plan_of(stores, run_tags(context)).backfill
            if backfill:
                forget(stores.control, backfill)
            names = build_views(stores.lake, house.settings.duckdb)
            swept = stores.lake.sweep(house.now() - timedelta(days=KEPT_DAYS))
        return dg.MaterializeResult(
            metadata={
                "path": str(house.settings.duckdb),
                "views": ", ".join(names),
                "superseded_files_removed": swept,
            }
        )

    return [crm, health_duckdb]


def _crm_fields(stores: Stores, part: Window) -> pl.DataFrame:
    read, model = published(stores, part, *CRM_READS), stores.model
    roles = model.identity.roles
    crm_sources = [name for name, role in roles.items() if role == "crm"] or ["crm"]
    xref = read["account_xref"].filter(pl.col("source").is_in(crm_sources))
    plans, _ = plans_of(stores, part)
    return crm_fields(
        read["health_scores"],
        read["reason_codes"],
        read["narratives"],
        read["plays"],
        as_of_days(stores, part, "renewals").get("renewals"),
        xref.select("source_account_id", "account_id"),
        model.crm,
        Beside(read["overrides"], read["discount_guard"], plans),
    )

"""The report: one page that shows the last scored day to people."""

from typing import Any

import dagster as dg

from health_pipeline.config.model import HealthModel
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTION, OWNER, landing_key
from health_pipeline.orchestration.plan import plan_of
from health_pipeline.orchestration.report import DAILY, WHOLE, is_touched, make_report
from health_pipeline.orchestration.window import run_tags

AFTER = ("crm_fields", "alerts")
"""Not read; the report is the last thing that a run makes of its tables."""


def assets(_: HealthModel) -> list[dg.AssetsDefinition]:
    """`report`."""

    @dg.multi_asset(
        name="report",
        specs=[
            dg.AssetSpec(
                "report",
                deps=[
                    *(*DAILY, *WHOLE, *AFTER),
                    *(landing_key("renewals"), landing_key("interventions")),
                ],
                group_name=ACTION,
                kinds={"html"},
                owners=[OWNER],
                tags={"room": ACTION[2:]},
                description="`report/index.html`: the last scored day on one page that needs no "
                "server: portfolio, movers, accounts at risk with reasons and plays, renewals, "
                "data quality.",
            )
        ],
    )
    def report(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> dg.MaterializeResult[Any]:
        with house.open() as stores:
            if not is_touched(stores, plan_of(stores, run_tags(context))):
                return dg.MaterializeResult(
                    metadata={"left_as_it_was": "this run filled days before the last one"}
                )
            size = make_report(stores)
        path = house.settings.report
        return dg.MaterializeResult(
            metadata={
                "path": str(path),
                "bytes": size,
                "open": dg.MetadataValue.path(str(path.resolve())),
            }
        )

    return [report]

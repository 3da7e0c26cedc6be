"""Sources that fell silent: for whom tiers rest, and what somebody should look at."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from health_pipeline.config.model import HealthModel
from health_pipeline.orchestration.assets.signals import READ
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTIVITY, contract_spec, landing_key, table_spec
from health_pipeline.orchestration.outages import Silence
from health_pipeline.orchestration.partitions import SINGLE_RUN, daily
from health_pipeline.orchestration.tables import table_value
from health_pipeline.orchestration.usage import USAGE_WINDOWS


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`outages`."""

    @dg.multi_asset(
        name="outages",
        specs=[
            table_spec(
                "outages",
                ACTIVITY,
                [USAGE_WINDOWS, "population", *map(landing_key, READ)],
                "Sources that fell silent, since when and for how many accounts. From a fifth of "
                "the accounts on, their tiers rest until the source speaks again.",
                partitions_def=daily(model),
            )
        ],
        check_specs=[contract_spec("outages")],
        backfill_policy=SINGLE_RUN,
    )
    def outages(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            walk = Walk(context, stores, "outages", rescores=False, width=1)
            silence = Silence.of(stores, READ)
            for part in walk:
                found = silence.outages(stores, part, stores.model.scoring)
                walk.publish(part, {"outages": found})
            figures = {"outages": {"silent_now": table_value(walk.last("outages"))}}
            yield from walk.results("outages", metadata=figures)

    return [outages]

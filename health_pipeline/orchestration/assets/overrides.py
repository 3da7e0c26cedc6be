"""What people say beside the score, for each day on which it counts."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from health_pipeline.config.model import HealthModel
from health_pipeline.core.overrides.in_force import in_force
from health_pipeline.orchestration.chunks import Walk
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.keys import ACTION, contract_spec, table_spec
from health_pipeline.orchestration.overrides import (
    OVERRIDES_CHECK,
    accounts_meant,
    without_effect,
)
from health_pipeline.orchestration.tables import listed


def assets(_: HealthModel) -> list[dg.AssetsDefinition]:
    """`overrides`.

    Its table has days, the asset has no partitions: it follows `accounts`, which has none, and a
    backfill from the graph would take two more turns.
    """

    @dg.multi_asset(
        name="overrides",
        specs=[
            table_spec(
                "overrides",
                ACTION,
                ["account_xref", "accounts"],
                "What people say of an account in overrides.yaml, beside the score: another tier, "
                "or that nobody is to be told. No score, tier or reason depends on it.",
            )
        ],
        check_specs=[
            contract_spec("overrides"),
            dg.AssetCheckSpec(
                OVERRIDES_CHECK,
                asset="overrides",
                description="Every block of overrides.yaml names one account and is not over.",
            ),
        ],
    )
    def overrides(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        with house.open() as stores:
            walk = Walk(context, stores, "overrides", rescores=False, width=1)
            blocks, accounts = stores.model.overrides, accounts_meant(stores)
            for part in walk:
                walk.publish(part, {"overrides": in_force(blocks, accounts, part.days)})
            last = walk.last("overrides")
            told = without_effect(blocks, accounts, walk.window.last)
            figures = {
                "muted": int(last["muted"].sum()),
                "without_effect": listed(told),
            }
            yield from walk.results("overrides", metadata={"overrides": figures})
            yield _effect(told)

    return [overrides]


def _effect(told: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=OVERRIDES_CHECK,
        asset_key="overrides",
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"warnings": told},
    )

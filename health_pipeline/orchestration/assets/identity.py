"""One account across systems."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.model import HealthModel
from health_pipeline.core.activity.first_active import FIRST_ACTIVE
from health_pipeline.core.identity.population import accounts_table, history
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import (
    attached_tables,
    published_identity,
    unresolved_records,
)
from health_pipeline.orchestration.keys import (
    IDENTITY,
    OWNER,
    SOURCES,
    contract_spec,
    landing_key,
    table_spec,
)
from health_pipeline.orchestration.publish import publish
from health_pipeline.orchestration.restating import resolve_for_run
from health_pipeline.orchestration.tables import column_schema, sample_table, table_value
from health_pipeline.orchestration.unseen import MOST_UNSEEN, SEEN_CHECK, Unseen, unseen
from health_pipeline.orchestration.window import run_window

XREFS = ("account_xref", "user_xref", "identity_review")


def assets(_: HealthModel) -> list[dg.AssetsDefinition]:
    """`account_xref` with its siblings, `accounts`, and `quarantine` as landed."""
    records = [landing_key(name) for name in ("accounts", "account_links", "users")]

    @dg.multi_asset(
        name="identity",
        specs=[
            table_spec(
                "account_xref",
                IDENTITY,
                records,
                "Every account record of every system, the account that it is, and by which rule "
                "and evidence.",
            ),
            table_spec(
                "user_xref",
                IDENTITY,
                records,
                "Every user of every source, the account that they belong to, and by which rule.",
            ),
            table_spec(
                "identity_review",
                IDENTITY,
                records,
                "Pairs that could be one account and that no exact key decides.",
            ),
        ],
        check_specs=[*(contract_spec(name) for name in XREFS), _seen_spec()],
    )
    def identity(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        with house.open() as stores:
            found = resolve_for_run(stores, context.run.run_id, context.run.tags)
            rules = found.account_xref.group_by("rule").len("records").sort("rule")
            accounts = found.account_xref["account_id"].n_unique()
            figures: dict[str, dict[str, Any]] = {
                "account_xref": {"rules": table_value(rules), "accounts": accounts},
                "user_xref": {"email_against_source": found.conflicts.height},
            }
            frames = {
                "account_xref": found.account_xref,
                "user_xref": found.user_xref,
                "identity_review": found.review,
            }
            unresolved = Write("unresolved", None, unresolved_records(stores, found))
            stores.lake.publish([unresolved], run_id=context.run.run_id, at=house.now())
            yield from publish(context, stores, frames, figures)
            yield _seen(unseen(stores))

    @dg.multi_asset(
        name="accounts",
        specs=[
            table_spec(
                "accounts",
                IDENTITY,
                ["account_xref", "activity", landing_key("subscriptions")],
                "Every account ever seen with what is known of it on the last day.",
            )
        ],
        check_specs=[contract_spec("accounts")],
    )
    def accounts(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with house.open() as stores:
            window = run_window(context).through(stores.lake, "health_scores")
            yield from publish(context, stores, {"accounts": _accounts(stores, window.last)})

    @dg.asset(
        deps=[landing_key(name) for name in SOURCE_TABLES],
        group_name=SOURCES,
        kinds={"parquet"},
        owners=[OWNER],
        tags={"room": SOURCES[2:]},
        metadata={
            "dagster/column_schema": column_schema(
                RESULT_TABLES["quarantine"].columns, "quarantine"
            )
        },
        description="Rows that broke a contract: table, key, rule, value, file and line. Good "
        "rows of the same files went on.",
    )
    def quarantine(house: dg.ResourceParam[House]) -> dg.MaterializeResult[Any]:
        with house.open() as stores:
            found = stores.lake.frame("quarantine")
        rows = RESULT_TABLES["quarantine"].empty() if found is None else found
        counts = rows.group_by("table", "rule").len("rows").sort("table", "rule")
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows.height,
                "rules": table_value(counts),
                "sample": sample_table(rows),
            }
        )

    return [identity, accounts, quarantine]


def _seen_spec() -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        SEEN_CHECK,
        asset="account_xref",
        description=f"Accounts claim all but {MOST_UNSEEN:.0%} of event rows, users and ARR.",
    )


def _seen(left: Unseen) -> dg.AssetCheckResult:
    shares = {name: share.part for name, share in left.shares().items()}
    return dg.AssetCheckResult(
        asset_key="account_xref",
        check_name=SEEN_CHECK,
        passed=not left.above(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={f"unclaimed_{name}": share for name, share in shares.items()},
    )


def _accounts(stores: Stores, day: date) -> pl.DataFrame:
    tables = attached_tables(stores)
    today = {name: as_of(SOURCE_TABLES[name], rows, day) for name, rows in tables.items()}
    stored = stores.lake.frame("first_active")
    active = pl.DataFrame(schema=FIRST_ACTIVE) if stored is None else stored
    past = history(tables, active, stores.model.identity, stores.model.churn)
    return accounts_table(today, past, published_identity(stores).account_xref, day)

"""Does the score know who leaves? Labels, looks at the past, the backtest."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.views import build_views
from health_pipeline.config.model import HealthModel
from health_pipeline.core.calibration.backtest import backtest, evaluated_rows
from health_pipeline.core.calibration.labels import churn_labels, label_basis
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.days import Past, populations
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.keys import (
    LEARNING,
    OWNER,
    contract_spec,
    landing_key,
    table_spec,
)
from health_pipeline.orchestration.panel import PANEL, Month, month_panel, months_back
from health_pipeline.orchestration.partitions import monthly
from health_pipeline.orchestration.pictures import backtest_bars, separation_curve
from health_pipeline.orchestration.progress import tracked
from health_pipeline.orchestration.publish import publish
from health_pipeline.orchestration.tables import column_schema, sample_table, table_value
from health_pipeline.orchestration.window import Window, run_window

LABEL_LAG_MONTHS = 4
"""Labels of the last months are open: the backtest looks as much further back."""


def month_of(context: dg.AssetExecutionContext) -> Month:
    """The report month of this run."""
    return Month(run_window(context).first.replace(day=1))


def past_months(model: HealthModel, last: Month) -> list[Month]:
    """Months that a backtest of `last` looks at and that lie in the model's history."""
    months = months_back(last, model.backtest.months + LABEL_LAG_MONTHS)
    return [month for month in months if month.cut_off >= model.sources.history_start]


def settled_through(stores: Stores, month: Month) -> date:
    """The last day whose events count as complete: the last published one."""
    days = stores.lake.days("health_scores")
    return days[-1] if days else month.last


def with_month(stores: Stores, name: str, rows: pl.DataFrame, month: Month) -> pl.DataFrame:
    """`rows` in place of what the table held of the report month."""
    stored = stores.lake.frame(name)
    others = RESULT_TABLES[name].empty() if stored is None else stored
    kept = others.filter(pl.col("report_month") != f"{month.first:%Y-%m}")
    return RESULT_TABLES[name].conform(pl.concat([kept, rows], how="vertical_relaxed"))


def assets(model: HealthModel) -> list[dg.AssetsDefinition]:
    """`churn_labels`, `backtest_panel` and `backtests`."""
    months = monthly(model)

    @dg.multi_asset(
        name="churn_labels",
        specs=[
            table_spec(
                "churn_labels",
                LEARNING,
                ["population", landing_key("outcomes"), "accounts"],
                "For every customer at each month's end: did the churn event of churn.yaml happen "
                "within the horizon? Null while the horizon is not over.",
                partitions_def=months,
            )
        ],
        check_specs=[contract_spec("churn_labels")],
    )
    def labels(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        with house.open() as stores:
            ends = [past.last for past in past_months(model, month)]
            past = Past.of(stores, Window(ends[0], ends[-1]))
            people, _ = populations(past, ends)
            snapshots = people.select("account_id", "date")
            found = churn_labels(
                past.tables, snapshots, model.churn, settled_through(stores, month)
            )
            stored = stores.lake.frame("churn_labels")
            old = RESULT_TABLES["churn_labels"].empty() if stored is None else stored
            kept = old.filter(~pl.col("date").is_in(ends))
            whole = pl.concat([kept, found], how="vertical_relaxed")
            by_month = found.group_by("date").agg(
                pl.len().alias("customers"),
                pl.col("churned_within_horizon").sum().alias("churned"),
                pl.col("censored").sum().alias("open"),
            )
            figures = {
                "basis": label_basis(past.tables, model.churn),
                "by_month": table_value(by_month.sort("date")),
            }
            yield from publish(context, stores, {"churn_labels": whole}, {"churn_labels": figures})

    @dg.asset(
        name="backtest_panel",
        deps=["population", "activity"],
        partitions_def=months,
        group_name=LEARNING,
        kinds={"polars", "parquet"},
        owners=[OWNER],
        tags={"room": LEARNING[2:]},
        metadata={"dagster/column_schema": column_schema(PANEL, "backtest_panel")},
        description="Scores of earlier months as they would have been then: weekly looks, each "
        "month with knots fitted on the day before it. Fills the months that are missing.",
    )
    def panel(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> dg.MaterializeResult[Any]:
        month = month_of(context)
        with house.open() as stores:
            missing = [
                one
                for one in past_months(model, month)
                if not _is_current(stores, one, model.fingerprint())
            ]
            for one in tracked("panel", missing, len(missing)):
                past = Past.of(stores, Window(one.cut_off, one.last))
                rows = month_panel(stores, past, one)
                stores.lake.publish(
                    [Write("backtest_panel", one.first, rows)],
                    run_id=context.run.run_id,
                    at=house.now(),
                )
            frame = stores.lake.frame("backtest_panel", month.first, month.first)
        rows = pl.DataFrame(schema=PANEL) if frame is None else frame
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows.height,
                "months_computed": ", ".join(f"{one.first:%Y-%m}" for one in missing) or "none",
                "sample": sample_table(rows),
            }
        )

    @dg.multi_asset(
        name="backtests",
        specs=[
            table_spec(
                "backtests",
                LEARNING,
                ["churn_labels", "backtest_panel"],
                "Separation of leavers and stayers by the score, beside seat utilisation alone; "
                "leavers who were Red before, beside stayers who ever were; with intervals.",
                partitions_def=months,
                kinds=frozenset({"scikitlearn", "parquet"}),
            )
        ],
        check_specs=[contract_spec("backtests")],
    )
    def backtests(
        context: dg.AssetExecutionContext, house: dg.ResourceParam[House]
    ) -> Iterator[dg.MaterializeResult[Any]]:
        month = month_of(context)
        with house.open() as stores:
            first = past_months(model, month)[0].first
            frame = stores.lake.frame("backtest_panel", first, month.first)
            known = stores.lake.frame("churn_labels")
            if frame is None or known is None:
                raise dg.Failure("no panel or no labels; materialise both first")
            version = model.fingerprint()
            found = backtest(frame, known, model.backtest, f"{month.first:%Y-%m}", version)
            whole = with_month(stores, "backtests", found, month)
            figures: dict[str, Any] = {}
            if found.filter(pl.col("value").is_not_null()).height:
                rows = evaluated_rows(frame, known, model.backtest.months)
                figures["auc"] = dg.MetadataValue.md(backtest_bars(found))
                figures["separation"] = dg.MetadataValue.md(separation_curve(rows))
            figures["figures"] = table_value(_overall(found))
            yield from publish(context, stores, {"backtests": whole}, {"backtests": figures})
            build_views(stores.lake, house.settings.duckdb)

    return [labels, panel, backtests]


def _is_current(stores: Stores, month: Month, fingerprint: str) -> bool:
    frame = stores.lake.frame("backtest_panel", month.first, month.first)
    return frame is not None and set(frame["fingerprint"].unique()) <= {fingerprint}


def _overall(found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(pl.col("segment") == "all").drop("report_month", "segment", "model_version")

"""All assets, jobs, schedules and sensors of one model, assembled."""

import warnings

import dagster as dg

from health_pipeline.orchestration.assets import (
    activity,
    alerts,
    calibration,
    delivery,
    drift,
    explanation,
    identity,
    landing,
    ledger,
    outages,
    overrides,
    plays,
    report,
    scoring,
    segments,
    signals,
)
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.sensors import driver_alerts, on_call

DAILY_JOB = "daily_health"
MONTHLY_JOB = "monthly_learning"
LEARNING = ("churn_labels", "backtest_panel", "backtests", "drift")

for category in (dg.BetaWarning, dg.PreviewWarning):
    # Freshness policies and some check features are marked so in 1.13; the pin holds their shape.
    warnings.filterwarnings("ignore", category=category)


def build_definitions(house: House) -> dg.Definitions:
    """Everything that Dagster shows and runs for `house`."""
    model = house.model
    rooms = (landing, identity, activity, segments, outages, signals, scoring, explanation)
    more = (overrides, plays, delivery, alerts, ledger, report, calibration, drift)
    assets = [asset for room in (*rooms, *more) for asset in room.assets(model)]
    learning = dg.AssetSelection.assets(*LEARNING)
    daily_job = dg.define_asset_job(
        DAILY_JOB,
        selection=dg.AssetSelection.all() - learning,
        executor_def=dg.in_process_executor,
        description="From raw files to scored, explained accounts, for one day or a range.",
    )
    monthly_job = dg.define_asset_job(
        MONTHLY_JOB,
        selection=learning,
        executor_def=dg.in_process_executor,
        description="Labels, backtest and drift of one month.",
    )
    return dg.Definitions(
        assets=assets,
        jobs=[daily_job, monthly_job],
        schedules=[
            dg.build_schedule_from_partitioned_job(daily_job, hour_of_day=2),
            dg.build_schedule_from_partitioned_job(monthly_job, day_of_month=2, hour_of_day=4),
        ],
        sensors=[driver_alerts, on_call],
        resources={"house": house},
        executor=dg.in_process_executor,
    )

"""Days and months of the house."""

import dagster as dg

from health_pipeline.config.model import HealthModel

SINGLE_RUN = dg.BackfillPolicy.single_run()
"""A range of days is one run: each stage goes over all of them at once."""


def daily(model: HealthModel) -> dg.DailyPartitionsDefinition:
    """UTC days from the model's `history_start` to yesterday."""
    return dg.DailyPartitionsDefinition(start_date=model.sources.history_start.isoformat())


def monthly(model: HealthModel) -> dg.MonthlyPartitionsDefinition:
    """Calendar months from the one of `history_start` to the last full one."""
    start = model.sources.history_start.replace(day=1)
    return dg.MonthlyPartitionsDefinition(start_date=start.isoformat())

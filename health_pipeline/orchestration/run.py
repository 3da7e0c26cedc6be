"""The shell's way into the same assets that Dagster runs: choose the days, run the job, say how."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.copies_agree import COPIES_CHECK
from health_pipeline.orchestration.definitions import DAILY_JOB, MONTHLY_JOB, build_definitions
from health_pipeline.orchestration.features_known import FEATURES_CHECK
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.landing import CONTRACT_CHECK, READABLE_CHECK
from health_pipeline.orchestration.overrides import OVERRIDES_CHECK
from health_pipeline.orchestration.plan import FINAL_TABLE
from health_pipeline.orchestration.reads import Reads, data_through
from health_pipeline.orchestration.window import (
    PARTITION,
    REFIT_TAG,
    Window,
    tags_for,
    yesterday,
)

FIRST_RUN_DAYS = 90
WARNING_CHECKS = (CONTRACT_CHECK, COPIES_CHECK, FEATURES_CHECK, OVERRIDES_CHECK)
"""Checks whose sentences the shell prints."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        window: the days it covered, None when there was nothing to do.
        success: the chain ran through.
        failed_tables: source tables that could not be read, with why; the last good landing of
            them stayed in force.
        errors: why the run failed, the cause first.
        warnings: what people should know: columns kept out by landing, formats that nothing names,
            overrides without effect, copies of events that disagree, features that nobody
            fitted to the product.
        connected: the folder, or an earlier landing, holds some source table.
        waiting: files with rows that have not landed, because no day was there to run.
    """

    window: Window | None
    success: bool
    failed_tables: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    connected: bool = True
    waiting: tuple[str, ...] = ()


def choose_window(
    stores: Stores, reads: Reads, first: date | None, last: date | None
) -> Window | None:
    """The days to run: as asked, else from the day after the last done one to the data's end.

    None when every day up to then is done. On a first run the range starts 90 days before its end.

    Raises:
        ValueError: the days asked for are not a range, lie before the model's history, or are not
            over yet.
    """
    through = None if last else data_through(stores, reads)
    end = last or min(through or yesterday(), yesterday())
    done = stores.lake.days(FINAL_TABLE)
    history = stores.model.sources.history_start
    if first is None:
        first = done[-1] + timedelta(days=1) if done else end - timedelta(days=FIRST_RUN_DAYS)
        first = max(first, history)
        if last is None and first > end:
            return None
        first = min(first, end)
    if first > end:
        raise ValueError(f"--from {first} lies after --to {end}")
    if first < history:
        raise ValueError(
            f"--from {first} lies before history_start {history} in sources.yaml; move that back"
        )
    if end > yesterday():
        raise ValueError(f"--to {end} is not over yet; the last complete UTC day is {yesterday()}")
    return Window(first, end)


def run_daily(
    house: House, first: date | None = None, last: date | None = None, *, refit: bool = False
) -> Outcome:
    """Run the daily chain over a range in one run, in this process.

    Raises:
        ValueError: see `choose_window`.
        ControlError: see `House.open`.
        SettingsError, ObjectError: see `Reads`.
    """
    with house.open() as stores:
        reads = Reads(stores)
        window = choose_window(stores, reads, first, last)
        if not reads.is_connected():
            return Outcome(None, success=True, connected=False, warnings=_unread(reads))
        if window is None:
            failed, files = reads.waiting()
            return Outcome(
                None,
                success=True,
                failed_tables=tuple(failed.values()),
                warnings=_unread(reads),
                waiting=files,
            )
    recorded = bool(os.environ.get("DAGSTER_HOME"))
    tags = tags_for(window.first, window.last, recorded=recorded)
    if refit:
        tags[REFIT_TAG] = "true"
    return execute(house, DAILY_JOB, tags, window)


def _unread(reads: Reads) -> tuple[str, ...]:
    return tuple(text for table in SOURCE_TABLES for text in reads.unread(table))


def run_monthly(house: House, month: date) -> Outcome:
    """Run labels, backtest and drift for the month that starts on `month`."""
    return execute(house, MONTHLY_JOB, {PARTITION: month.isoformat()}, Window(month, month))


def execute(house: House, job: str, tags: dict[str, str], window: Window) -> Outcome:
    """Run `job` with `tags` in this process."""
    definitions = build_definitions(house)
    with _instance() as instance:
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance, tags=tags, run_config=QUIET, raise_on_error=False
        )
    checks = result.get_asset_check_evaluations()
    failed = [
        str(check.metadata["why"].value)
        for check in checks
        if check.check_name == READABLE_CHECK and not check.passed
    ]
    warnings = [
        str(text)
        for check in checks
        if check.check_name in WARNING_CHECKS
        for text in check.metadata["warnings"].value  # type: ignore[union-attr]
    ]
    failed_steps = [event for event in result.all_events if event.is_step_failure]
    # The failure of the run says that of its step again, where one failed.
    failures = failed_steps or [event for event in result.all_events if event.is_failure]
    errors = [_cause(event) for event in failures]
    return Outcome(
        window,
        result.success,
        tuple(sorted(failed)),
        tuple(dict.fromkeys(filter(None, errors))),
        tuple(warnings),
    )


def _cause(event: dg.DagsterEvent) -> str:
    """The innermost error of a failed step or run; empty where it tells none."""
    error = getattr(event.event_specific_data, "error", None)
    if error is None:
        return ""
    while error.cause is not None:
        error = error.cause
    return f"{event.step_key or 'run'}: {error.message.strip()}"


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """The instance of DAGSTER_HOME, so that the UI shows the run; else one that leaves no trace."""
    if os.environ.get("DAGSTER_HOME"):
        with dg.DagsterInstance.get() as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance

"""History as one run: fill the days that were never published, or compute published ones anew."""

from dataclasses import dataclass
from datetime import date

from health_pipeline.adapters.store.backfills import begun
from health_pipeline.orchestration.definitions import DAILY_JOB
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.plan import FINAL_TABLE, plan_of
from health_pipeline.orchestration.reads import Reads
from health_pipeline.orchestration.run import Outcome, choose_window, execute
from health_pipeline.orchestration.window import BACKFILL_TAG, RESTATE_TAG, tags_for

STEPS = {
    "landing": 8,
    "population": 8,
    "segments": 2,
    "usage_windows": 15,
    "outages": 1,
    "scores": 37,
    "drivers": 4,
    "reason_codes": 6,
    "plays": 1,
    "narratives": 3,
    "crm_fields": 3,
}
"""Steps that report progress, with about what share of the time they take, for the time left."""


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What a backfill was to do, and how it ended.

    Attributes:
        outcome: of the run; `window` None where nothing was to do.
        filled: days that had not been published.
        restated: published days that were computed anew, in the range and after it.
        left: published days of the range that stayed as they are.
        resumed: an earlier run of the same backfill was stopped; this one went on from there.
    """

    outcome: Outcome
    filled: tuple[date, ...]
    restated: tuple[date, ...]
    left: tuple[date, ...]
    resumed: bool


def run_backfill(house: House, first: date, last: date, *, restate: bool) -> Backfilled:
    """Fill `first` to `last` in one silent run, in this process.

    Dagster hears of the last day alone: two events for each asset and day of a year would cost more
    than computing it.

    Raises:
        ValueError: see `choose_window`.
        ControlError: see `House.open`.
        SettingsError, ObjectError: see `Reads`.
    """
    tags = tags_for(first, last, recorded=False) | {BACKFILL_TAG: "true"}
    if restate:
        tags[RESTATE_TAG] = "true"
    with house.open() as stores:
        reads = Reads(stores)
        window = choose_window(stores, reads, first, last)
        plan, done = plan_of(stores, tags), set(stores.lake.days(FINAL_TABLE))
        resumed = plan.backfill is not None and begun(stores.control, plan.backfill)
        connected = reads.is_connected()
    touched = (*plan.days, *plan.later)
    filled = tuple(day for day in plan.days if day not in done)
    restated = tuple(day for day in touched if day in done)
    if not connected or window is None or not (plan.days or resumed):
        return Backfilled(
            Outcome(None, success=True, connected=connected), (), (), plan.left, False
        )
    return Backfilled(execute(house, DAILY_JOB, tags, window), filled, restated, plan.left, resumed)

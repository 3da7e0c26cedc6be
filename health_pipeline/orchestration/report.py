"""The report of the last scored day: what it reads, and where it is written."""

from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.report.page import page
from health_pipeline.adapters.report.write import write_page
from health_pipeline.core.plays.coverage import coverage
from health_pipeline.core.plays.recovery import recovery_plans
from health_pipeline.core.report.read import HISTORY, HISTORY_DAYS, Read, Words
from health_pipeline.core.report.report import report
from health_pipeline.core.schemas.plays import running_plays
from health_pipeline.orchestration.days import as_of_days
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.plan import SCORES, Plan
from health_pipeline.orchestration.publish import published
from health_pipeline.orchestration.window import Window

DAILY = (
    *("health_scores", "segments", "contributions", "signals", "reason_codes", "score_changes"),
    *("narratives", "overrides", "discount_guard", "outages"),
)
WHOLE = ("accounts", "quarantine", "unresolved", "plays")


def read_of(stores: Stores) -> Read:
    """The tables of the last scored day; empty ones where nothing was ever scored."""
    scored = stores.lake.days(SCORES)
    day = scored[-1] if scored else None
    found = published(stores, _only(day), *DAILY, *WHOLE)
    window = _only(day)
    plays = running_plays(found["plays"], [day] if day else [])
    beside = as_of_days(stores, window, "renewals", "interventions") if day else {}
    plans = recovery_plans(plays, beside.get("interventions"))
    return Read(
        day=day,
        scores=found["health_scores"],
        history=_history(stores, day),
        segments=found["segments"],
        contributions=found["contributions"],
        signals=found["signals"],
        reasons=found["reason_codes"],
        changes=found["score_changes"],
        narratives=found["narratives"],
        overrides=found["overrides"],
        guard=found["discount_guard"],
        outages=found["outages"],
        accounts=found["accounts"],
        quarantine=found["quarantine"],
        unresolved=found["unresolved"],
        plays=plays,
        coverage=coverage(found["health_scores"], plans, plays),
        planned=plans.filter("counts")["account_id"].unique(),
        renewals=beside.get("renewals"),
    )


def words_of(stores: Stores) -> Words:
    """What the model at hand calls signals, plays and money."""
    model = stores.model
    return Words(
        currency=model.churn.currency,
        groups={spec.name: spec.group for spec in model.signals},
        units={spec.name: spec.unit for spec in model.signals},
        plays={play.name: (play.title, play.goal) for play in model.plays.plays.values()},
        acv_bands=tuple(band.name for band in model.segments.acv_bands),
        made_at=House.now(),
    )


def _only(day: date | None) -> Window:
    """The window of one day; before anything is scored one that holds nothing."""
    chosen = day or date.min
    return Window(chosen, chosen)


def _history(stores: Stores, day: date | None) -> pl.DataFrame:
    """`HISTORY` of the days that a chart shows; other columns are not read."""
    files = stores.lake.files(SCORES, day - timedelta(days=HISTORY_DAYS), day) if day else []
    if not files:
        return published(stores, _only(None), SCORES)[SCORES].select(HISTORY)
    return pl.scan_parquet(files).select(HISTORY).collect()


def is_touched(stores: Stores, plan: Plan) -> bool:
    """Whether a run with this plan changed what the report shows, or none is there yet.

    A backfill of older days costs nothing here; the next daily run shows its days in the history.
    """
    if not plan.fills_only or not stores.settings.report.exists():
        return True
    return stores.lake.days(SCORES)[-1:] == list(plan.days[-1:])


def make_report(stores: Stores) -> int:
    """Write the report of the last scored day; returns its bytes."""
    return write_page(page(report(read_of(stores), words_of(stores))), stores.settings.report)

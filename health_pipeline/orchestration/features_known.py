"""Whether the model's features are those of the product: a list that nobody fitted reads as 0 %."""

from datetime import date, timedelta

import dagster as dg
import polars as pl

from health_pipeline.core.activity.given import GIVEN_METRICS
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.landed import EVENTS, landing_name
from health_pipeline.orchestration.usage import USAGE_WINDOWS

FEATURES_CHECK = "features_known"
BACK = timedelta(days=30)
"""Of the windows that tell features."""

MOST_NAMED = 5
KINDS = ("event:", "feature:")
"""What a metric of `usage_daily` begins with; the name comes behind it."""


def features_spec() -> dg.AssetCheckSpec:
    """The check of `features_check`."""
    return dg.AssetCheckSpec(
        FEATURES_CHECK,
        asset=USAGE_WINDOWS,
        description="activity.yaml knows some feature or core event of what is used.",
    )


def features_check(stores: Stores, windows: pl.DataFrame) -> dg.AssetCheckResult:
    """A warning where usage is seen and nobody used anything that activity.yaml names.

    Key features and core use then read 0 for every account, by a list that was never fitted.

    Args:
        stores: for the names that are seen instead.
        windows: `OBSERVED` rows of the last days of a run.
    """
    day = windows["date"].max()
    unknown = isinstance(day, date) and knows_none(windows.filter(pl.col("date") == day))
    told = [_words(names_seen(stores, day))] if isinstance(day, date) and unknown else []
    return dg.AssetCheckResult(
        asset_key=USAGE_WINDOWS,
        check_name=FEATURES_CHECK,
        passed=not told,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"warnings": dg.MetadataValue.json(told)},
    )


def knows_none(windows: pl.DataFrame) -> bool:
    """Whether events are seen in 30 days, and none of a feature of the model or of core use."""
    used = windows.filter(pl.col("events_30d") > 0)
    known = (pl.col("features_30d") != 0) | (pl.col("core_events_30d") > 0)
    return not used.is_empty() and not used.select(known.any()).item()


def names_seen(stores: Stores, day: date) -> list[tuple[str, int]]:
    """What events and metrics of the 30 days up to `day` are called, and in how many rows.

    Of events the last day that has some is read. The most frequent names come first.
    """
    found = pl.concat([_of_events(stores, day), _of_metrics(stores, day)])
    if found.is_empty():
        return []
    counts = found.group_by("name").agg(pl.col("rows").sum())
    return list(counts.sort("rows", "name", descending=[True, False]).iter_rows())


def _of_events(stores: Stores, day: date) -> pl.DataFrame:
    table = landing_name(EVENTS)
    days = [one for one in stores.lake.days(table) if day - BACK < one <= day]
    rows = stores.lake.scan(table, days[-1], days[-1]) if days else None
    return _counted(rows, pl.coalesce("feature", "event_name"))


def _of_metrics(stores: Stores, day: date) -> pl.DataFrame:
    rows = stores.lake.scan(landing_name("usage_daily"))
    if rows is not None:
        lately = pl.col("day").is_between(day - BACK, day, closed="right")
        rows = rows.filter(lately, ~pl.col("metric").is_in(GIVEN_METRICS))
    return _counted(rows, pl.col("metric").str.replace(f"^(?:{'|'.join(KINDS)})", ""))


def _counted(rows: pl.LazyFrame | None, name: pl.Expr) -> pl.DataFrame:
    if rows is None:
        return pl.DataFrame(schema={"name": pl.String, "rows": pl.UInt32})
    found = rows.select(name.alias("name")).drop_nulls().group_by("name").len("rows").collect()
    return found.cast({"rows": pl.UInt32})


def _words(seen: list[tuple[str, int]]) -> str:
    named = ", ".join(f"{name} ({rows:,} rows)" for name, rows in seen[:MOST_NAMED])
    more = f" and {len(seen) - MOST_NAMED:,} more" if len(seen) > MOST_NAMED else ""
    return (
        "activity.yaml: features: nobody uses any of them, so key features and core use read 0 for "
        f"every account. Seen: {named or 'no event with a name'}{more}. Name what your product has "
        "under `match` or `events` of a feature (docs/activity.md)"
    )

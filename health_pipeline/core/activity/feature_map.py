"""Which feature an event means, as tables that SQL can join."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.ids import stable_id

MAP_COLUMNS: dict[str, pl.DataType] = {
    "name": pl.String(),
    "mask": pl.Int64(),
    "is_core": pl.Boolean(),
}
"""`name` in lower case, once; `mask`: the bits of its features; `is_core`: a value moment (R31)."""


def _merged(entries: Iterable[tuple[str, int, bool]]) -> pl.DataFrame:
    merged: dict[str, tuple[int, bool]] = {}
    for name, bit, core in entries:
        mask, any_core = merged.get(name.lower(), (0, False))
        merged[name.lower()] = (mask | bit, any_core or core)
    rows = [(name, mask, core) for name, (mask, core) in sorted(merged.items())]
    return pl.DataFrame(rows, schema=MAP_COLUMNS, orient="row")


def feature_map(rules: ActivityRules) -> pl.DataFrame:
    """What each value of `events.feature` means, in `MAP_COLUMNS`."""
    return _merged(
        (name, 1 << bit, feature.core)
        for bit, feature in enumerate(rules.features)
        for name in feature.match
    )


def event_map(rules: ActivityRules) -> pl.DataFrame:
    """What each value of `events.event_name` means, in `MAP_COLUMNS`."""
    by_feature = [
        (name, 1 << bit, feature.core)
        for bit, feature in enumerate(rules.features)
        for name in feature.events
    ]
    return _merged([*by_feature, *((name, 0, True) for name in rules.core_events)])


def rolled_up_by(rules: ActivityRules) -> str:
    """An id of what `rules` say about stored activity; names, plans and key features do not."""
    maps = [str(found.rows()) for found in (feature_map(rules), event_map(rules))]
    return stable_id(*maps, str(rules.lookback_days), str(rules.first_valid_year))

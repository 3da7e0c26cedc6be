"""Frames between stages that are stored in the lake but promised to nobody."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.results import RESULT_TABLES

ACTIVITY: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "user_id": pl.String(),  # null: events without a user count for volume, never for users
    "day": pl.Date(),
    "known_on": pl.Date(),
    "events": pl.Int64(),
    "core_events": pl.Int64(),
    "features": pl.Int64(),
}
"""User-day activity; the lake's partition `date` is known_on, so partitions never change."""

SOURCE_DAYS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "account_id": pl.String(),
    "day": pl.Date(),
    "known_on": pl.Date(),
    "events": pl.Int64(),
}
"""Which source showed which account on which day: the input of the delivery judgement."""

SIGNAL_VALUES: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "date": pl.Date(),
    "signal": pl.String(),
    "value": pl.Float64(),
    "status": pl.String(),  # measured, missing, stale, not_applicable
    "observed_on": pl.Date(),  # day of the newest information in the value
    "detail": pl.String(),  # words for the sentence: which features, which invoice
}
"""Raw signal values, before segments and knots."""

UNRESOLVED_EVENTS: dict[str, pl.DataType] = {
    "known_on": pl.Date(),
    **RESULT_TABLES["unresolved"].columns,
    "day": pl.Date(),
    "user_key": pl.String(),
}
"""Events that no account claims, by the day on which they became known.

`day`: on which they happened, the partition in which the roll-up finds them again once `key` or
`user_key` (the source_user_id) is linked.
"""

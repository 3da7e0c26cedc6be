"""What the columns of tables mean that are stored but promised to nobody: for Dagster alone."""

from __future__ import annotations

STORED: dict[str, dict[str, str]] = {
    "activity": {
        "user_id": "the user, stable over runs; null for events without one",
        "day": "UTC day of the use",
        "known_on": "day on which it became known: the partition",
        "events": "how many events, copies counted once",
        "core_events": "of them those of core features",
        "features": "bit mask of the features used, in the order of activity.yaml",
    },
    "usage_windows": {
        "observed_on": "last day that the account's sources delivered; windows and weeks end on it",
        **{
            f"active_users_{days}d": f"distinct users of {days} days; null where none is shown"
            for days in (7, 30, 90)
        },
        "core_users_30d": "distinct users of core features in 30 days",
        **{f"events_{days}d": f"events of {days} days" for days in (7, 30)},
        "core_events_30d": "events of core features in 30 days",
        "active_days_30d": "days of 30 with any use",
        "features_30d": "bit mask of the features used in 30 days, in the order of activity.yaml",
        "active_mask_0": "bit n: any use n days before `observed_on` (n from 0 to 62)",
        "active_mask_1": "bit n: any use 63 + n days before `observed_on`",
        "first_core_on": "first day of core use, as known on the day; null: none yet",
        "weekly_users": "distinct users of the last 14 weeks, the latest first",
    },
    "population": {
        "customer_tier": "tier of service, as handed in",
        "exec_email": "our executive contact",
        "employees": "employees",
        "seats": "contracted seats of all contracts in force",
        "starts_on": "first day of the contracts in force",
        "renews_on": "next renewal",
        "first_seen_on": "first day on which anything is known of it",
        "cancellation_notice_on": "day of a cancellation notice; null: none known",
        "has_usage": "some source has shown a user or an event of it",
    },
    "backtest_panel": {
        "score": "0 to 100 as it would have been then; null when unscored",
        "tier_by_score": "tier of the score alone",
        "tier": "tier as it would have been held",
        "red": "the tier is red",
        "coverage": "0 to 1: share of the applicable weight that is measured and fresh",
        "due": "the contract ends within the churn horizon, no notice is known",
        "seat_utilisation": "the raw value, to compare the score with",
        "fingerprint": "hash of the model that it was computed with",
    },
}
"""Columns of one table; they win over `meanings.EVERYWHERE`."""

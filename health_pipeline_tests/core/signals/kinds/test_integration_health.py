from __future__ import annotations

from datetime import timedelta

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    at,
    case_test,
    world,
)


def seen(name="ERP", days_ago=0, status="ok", *, crucial=True, account_id="a", **columns):
    return {
        "account_id": account_id,
        "source": "product",
        "integration_id": name,
        "name": name,
        "observed_at": at(days_ago, 6),
        "status": status,
        "is_crucial": crucial,
        **columns,
    }


def synced(hours, every=24.0, **columns):
    """Last synced so many hours before it was observed."""
    when = at(0, 6) - timedelta(hours=hours)
    return seen(last_synced_at=when, expected_sync_hours=every, **columns)


def watch(*rows, columns=("is_crucial", "last_synced_at", "expected_sync_hours")):
    return world({"integrations": list(rows)}, provided={"integrations": set(columns)})


FINE = (100.0, "measured", "1 of 1 in order")
FAILED = seen("CRM", 0, "failed")
CASES = [
    ("ok", watch(seen()), {}, FINE),
    (
        "failed, since the first of the observations in a row",
        watch(seen(), seen("CRM", 9), *(seen("CRM", d, "failed") for d in range(4))),
        {},
        (40.0, "measured", "CRM failed on 2026-03-28; 1 of 2 in order"),
    ),
    (
        "all that was ever seen of it failed",
        watch(FAILED, seen("CRM", 1, "failed")),
        {},
        (0.0, "measured", "CRM failed on 2026-03-30 or before; 0 of 1 in order"),
    ),
    (
        "one failure among ten is not hidden",
        watch(FAILED, *(seen(f"I{n}") for n in range(9))),
        {},
        (40.0, "measured", "CRM failed on 2026-03-31 or before; 9 of 10 in order"),
    ),
    ("failed and mended", watch(seen(days_ago=1, status="failed"), seen()), {}, FINE),
    (
        "degraded counts half",
        watch(seen(status="degraded"), seen("CRM")),
        {},
        (75.0, "measured", "ERP degraded on 2026-03-31; 1 of 2 in order"),
    ),
    ("data as fresh as intended", watch(synced(48)), {}, FINE),
    (
        "late data count half, whatever the status says",
        watch(synced(49)),
        {},
        (50.0, "measured", "ERP without data since 2026-03-29; 0 of 1 in order"),
    ),
    ("another patience", watch(synced(49)), {"late_syncs": 3.0}, FINE),
    ("no rhythm is intended", watch(synced(49, None)), {}, FINE),
    ("a rhythm of no hours is none", watch(synced(49, 0.0)), {}, FINE),
    ("synced after it was looked at", watch(synced(-3)), {}, FINE),
    (
        "what was crucial and is no more does not count",
        watch(seen(), seen("Old", 1, "failed"), seen("Old", 0, crucial=False)),
        {},
        FINE,
    ),
    (
        "… nor where nothing else is",
        watch(seen("Old", 1, "failed"), seen("Old", 0, crucial=False)),
        {},
        NOT_APPLICABLE,
    ),
    ("others do not count", watch(seen(), seen("Chat", 0, "failed", crucial=False)), {}, FINE),
    (
        "named by the model, whatever the source says",
        watch(seen("Chat", 0, "failed", crucial=False), seen()),
        {"crucial": ["Chat"]},
        (0.0, "measured", "Chat failed on 2026-03-31 or before; 0 of 1 in order"),
    ),
    ("an observation holds for two days", watch(seen(days_ago=1)), {}, FINE),
    ("and is stale after", watch(seen(days_ago=2)), {}, (100.0, "stale", "1 of 1 in order")),
    (
        "or as long as the model says",
        watch(seen(days_ago=2)),
        {"max_age_hours": 72},
        FINE,
    ),
    (
        "one that is no longer observed does not stand beside one that is",
        watch(seen(), seen("CRM", 5, "failed")),
        {},
        FINE,
    ),
    ("last seen a month ago: unknown", watch(seen(days_ago=31)), {}, MISSING),
    (
        "nothing crucial",
        watch(seen(crucial=False), seen("CRM", crucial=None)),
        {},
        NOT_APPLICABLE,
    ),
    ("no integration", watch(seen(account_id="b")), {}, MISSING),
    ("connected and empty", watch(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("nobody says what is crucial", watch(seen(), columns=()), {}, NOT_APPLICABLE),
]

test_integration_health = case_test("integration_health", CASES)

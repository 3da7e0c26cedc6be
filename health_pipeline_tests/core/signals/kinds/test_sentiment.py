from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import MISSING, NOT_APPLICABLE, at, case_test, world


def notes(*ratings, account_id="a"):
    rows = [
        {"account_id": account_id, "recorded_at": at(days), "score": score}
        for days, score in ratings
    ]
    return world({"sentiments": rows})


CASES = [
    (
        "the latest",
        notes((40, 5.0), (9, 2.0), (80, 4.0)),
        {},
        (2.0, "measured", "recorded on 2026-03-22"),
    ),
    ("90 days count", notes((90, 4.0)), {}, (4.0, "measured", "recorded on 2025-12-31")),
    (
        "91 are stale, and the value stays",
        notes((91, 4.0)),
        {},
        (4.0, "stale", "recorded on 2025-12-30"),
    ),
    (
        "another limit",
        notes((31, 4.0)),
        {"max_age_days": 30},
        (4.0, "stale", "recorded on 2026-02-28"),
    ),
    (
        "a longer limit",
        notes((120, 4.0)),
        {"max_age_days": 180},
        (4.0, "measured", "recorded on 2025-12-01"),
    ),
    (
        "two at one moment: the worse one",
        notes((9, 4.0), (9, 2.0)),
        {},
        (2.0, "measured", "recorded on 2026-03-22"),
    ),
    ("NaN is no rating", notes((9, float("nan"))), {}, MISSING),
    ("none for this account", notes((9, 4.0), account_id="b"), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
]


test_sentiment = case_test("sentiment", CASES)

from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import MISSING, NOT_APPLICABLE, at, case_test, world


def asked(*given, account_id="a"):
    """Answers as (days ago, kind, score, person)."""
    rows = [
        {
            "account_id": account_id,
            "source": "product",
            "response_id": f"r{n}",
            "answered_at": at(days),
            "kind": kind,
            "score": score,
            "source_user_id": person,
        }
        for n, (days, kind, score, person) in enumerate(given)
    ]
    return world({"surveys": rows})


def told(given, latest):
    return f"{given} answers, the latest on {latest}"


CASES = [
    (
        "NPS of two people",
        asked((9, "nps", 9.0, "u1"), (20, "nps", 6.0, "u2")),
        {},
        (75.0, "measured", told(2, "2026-03-22")),
    ),
    (
        "each survey on its own scale: the middle of all three",
        asked((9, "nps", 5.0, "u1"), (9, "csat", 3.0, "u1"), (9, "ces", 4.0, "u1")),
        {},
        (50.0, "measured", told(3, "2026-03-22")),
    ),
    (
        "the ends of the scales",
        asked((9, "csat", 1.0, "u1"), (9, "ces", 7.0, "u2")),
        {},
        (50.0, "measured", told(2, "2026-03-22")),
    ),
    (
        "who answers twice is heard once, by the latest",
        asked((9, "nps", 10.0, "u1"), (40, "nps", 0.0, "u1"), (30, "nps", 6.0, "u2")),
        {},
        (80.0, "measured", told(2, "2026-03-22")),
    ),
    (
        "nobody named: each for itself",
        asked((9, "nps", 10.0, None), (9, "nps", 8.0, None)),
        {},
        (90.0, "measured", told(2, "2026-03-22")),
    ),
    (
        "180 days count, 181 do not",
        asked((179, "nps", 4.0, "u1"), (180, "nps", 10.0, "u2"), (20, "nps", 6.0, "u3")),
        {},
        (50.0, "measured", told(2, "2026-03-11")),
    ),
    (
        "beyond the scale, or no number, is no answer",
        asked(
            (9, "nps", 11.0, "u1"),
            (9, "csat", 0.0, "u2"),
            (9, "ces", float("nan"), "u3"),
            (9, "nps", 7.0, "u4"),
            (9, "csat", 3.8, "u5"),
        ),
        {},
        (70.0, "measured", told(2, "2026-03-22")),
    ),
    ("one voice is not a company", asked((9, "nps", 9.0, "u1")), {}, MISSING),
    (
        "unless that is enough",
        asked((9, "nps", 9.0, "u1")),
        {"min_answers": 1},
        (90.0, "measured", told(1, "2026-03-22")),
    ),
    (
        "a shorter window",
        asked((40, "nps", 9.0, "u1"), (9, "nps", 9.0, "u2"), (8, "nps", 7.0, "u3")),
        {"window_days": 30},
        (80.0, "measured", told(2, "2026-03-23")),
    ),
    ("none for this account", asked((9, "nps", 9.0, "u1"), account_id="b"), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
]


test_survey_satisfaction = case_test("survey_satisfaction", CASES)

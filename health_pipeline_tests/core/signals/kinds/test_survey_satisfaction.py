from __future__ import annotations

from dataclasses import replace

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


def rated(*given, surveys=()):
    """Tickets as (resolved days ago, satisfaction, person), each opened three days before."""
    rows = [
        {
            "account_id": "a",
            "source": "product",
            "ticket_id": f"r{n}",
            "opened_at": at((days or 0) + 3),
            "resolved_at": None if days is None else at(days),
            "satisfaction": score,
            "source_user_id": person,
        }
        for n, (days, score, person) in enumerate(given)
    ]
    asked_too = dict(asked(*surveys).tables) if surveys else {}
    view = world({"tickets": rows})
    provided = {name: frozenset(frame.columns) for name, frame in asked_too.items()}
    return replace(
        view, tables={**view.tables, **asked_too}, provided={**view.provided, **provided}
    )


def told(given, latest):
    return f"{given} answers, the latest on {latest}"


CASES = [
    (
        "what people gave tickets is a CSAT answer",
        rated((9, 5.0, "u1"), (20, 2.0, "u2")),
        {},
        (62.5, "measured", told(2, "2026-03-22")),
    ),
    (
        "of the day of its resolution, else of its opening",
        rated((None, 5.0, "u1"), (200, 1.0, "u2"), (20, 3.0, None)),
        {},
        (75.0, "measured", told(2, "2026-03-28")),
    ),
    (
        "who answers a survey of that kind too is heard once; nobody named: each for itself",
        rated((9, 5.0, "u1"), (9, 1.0, None), surveys=[(3, "csat", 3.0, "u1")]),
        {},
        (25.0, "measured", told(2, "2026-03-28")),
    ),
    (
        "an answer without a name is not that of a ticket of its number",
        rated((9, 5.0, None), surveys=[(9, "csat", 3.0, None)]),
        {},
        (75.0, "measured", told(2, "2026-03-22")),
    ),
    ("tickets that nobody judged", rated((9, None, "u1")), {}, MISSING),
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

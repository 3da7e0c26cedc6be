from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    at,
    case_test,
    world,
)

COLUMNS = ("email", "is_sponsor", "deactivated_at", "deleted_at")
BOSS, NEXT, USER = "Boss@Acme.test ", "next@acme.test", "user@acme.test"
GONE = {"email": BOSS, "is_sponsor": True, "deactivated_at": at(5)}
HERE = {"email": "boss@acme.test", "is_sponsor": True}
FOLLOWER = {"email": NEXT, "is_sponsor": True}


def met(email, days_ago, sponsor=None, **columns):
    called = {"contact_email": email, "contact_is_sponsor": sponsor}
    return {"occurred_at": at(days_ago), **called, **columns}


def crm(*users, met=(), columns=COLUMNS, account_id="a"):
    tables = {"users": [{"account_id": account_id, **user} for user in users]}
    if met:
        tables["engagements"] = [{"account_id": account_id, **one} for one in met]
    return world(tables, provided={"users": set(columns)})


LEFT = (0.0, "measured", "the last left on 2026-03-26, no successor")
FOLLOWED = (1.0, "measured", "a successor was met on 2026-03-29")
CASES = [
    ("still there", crm(HERE), {}, (1.0, "measured", "1 of 1 listed")),
    ("left", crm(GONE), {}, LEFT),
    (
        "left today",
        crm({**GONE, "deactivated_at": at(0)}),
        {},
        (
            0.0,
            "measured",
            "the last left on 2026-03-31, no successor",
        ),
    ),
    ("deleted", crm({**HERE, "deleted_at": at(5)}), {}, LEFT),
    (
        "both left: the later one counts",
        crm(GONE, {**FOLLOWER, "deactivated_at": at(40)}),
        {},
        LEFT,
    ),
    ("a successor clears it", crm(GONE, FOLLOWER), {}, (1.0, "measured", "1 of 2 listed")),
    ("a colleague is no successor", crm(GONE, {"email": USER, "is_sponsor": False}), {}, LEFT),
    (
        "nor is one of whom nobody says it",
        crm(GONE, {"email": USER, "is_sponsor": None}),
        {},
        LEFT,
    ),
    (
        "another system still lists the person",
        crm(GONE, HERE),
        {},
        (
            1.0,
            "measured",
            "1 of 1 listed",
        ),
    ),
    (
        "a sponsor unknown to the list was met since",
        crm(GONE, met=[met(NEXT, 2, True)]),
        {},
        FOLLOWED,
    ),
    ("without an address too", crm(GONE, met=[met(None, 2, True)]), {}, FOLLOWED),
    (
        "whom we wrote to, and who never answered, follows nobody",
        crm(GONE, met=[met(NEXT, 2, True, kind="email", direction="out")]),
        {},
        LEFT,
    ),
    (
        "an answer is an engagement, and so is a call of ours",
        crm(
            GONE,
            met=[
                met(NEXT, 2, True, kind="email", direction="in"),
                met(NEXT, 3, True, kind="call", direction="out"),
            ],
        ),
        {},
        FOLLOWED,
    ),
    ("met before is no successor", crm(GONE, met=[met(NEXT, 9, True)]), {}, LEFT),
    ("the one who left follows nobody", crm(GONE, met=[met("BOSS@acme.test", 2, True)]), {}, LEFT),
    ("a colleague was met", crm(GONE, met=[met(USER, 2), met(USER, 1, False)]), {}, LEFT),
    (
        "without addresses the list tells nobody apart",
        crm({"email": None, "is_sponsor": True, "deactivated_at": at(5)}, {**HERE, "email": None}),
        {},
        (1.0, "measured", "1 of 1 listed"),
    ),
    ("no sponsor is listed", crm({"email": USER, "is_sponsor": False}), {}, MISSING),
    ("a mark taken back is no departure", crm({**GONE, "is_sponsor": False}), {}, MISSING),
    (
        "nor is it where another sponsor is listed",
        crm({**GONE, "is_sponsor": False}, FOLLOWER),
        {},
        (1.0, "measured", "1 of 1 listed"),
    ),
    ("sponsors of others only", crm(GONE, account_id="b"), {}, MISSING),
    ("connected and empty", crm(), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    ("departures never told", crm(HERE, columns=("email", "is_sponsor")), {}, NOT_APPLICABLE),
    ("sponsors never told", crm(GONE, columns=("email", "deactivated_at")), {}, NOT_APPLICABLE),
]

test_sponsor_left = case_test("sponsor_left", CASES)

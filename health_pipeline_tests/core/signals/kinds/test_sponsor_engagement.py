from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import MISSING, NOT_APPLICABLE, at, case_test, world

SPONSOR = {"email": "Boss@Acme.test ", "is_sponsor": True}
USER = {"email": "user@acme.test", "is_sponsor": False}


def met(email, days_ago, *, kind="meeting", sponsor=None, direction=None):
    return {
        "contact_email": email,
        "occurred_at": at(days_ago),
        "kind": kind,
        "contact_is_sponsor": sponsor,
        "direction": direction,
    }


def crm(*engagements, users=(SPONSOR, USER), account_id="a"):
    return world(
        {
            "engagements": [{"account_id": account_id, **row} for row in engagements],
            "users": [{"account_id": account_id, "deactivated_at": None, **row} for row in users],
        }
    )


BOSS, NEXT = "boss@acme.test", "next@acme.test"
LEFT = {**SPONSOR, "deactivated_at": at(5)}
CASES = [
    (
        "the last contact with the sponsor, found by email without case",
        crm(met(BOSS, 41), met(BOSS, 60), met(USER["email"], 2)),
        {},
        (41.0, "measured", "last contact on 2026-02-18"),
    ),
    ("today", crm(met(BOSS, 0)), {}, (0.0, "measured", "last contact on 2026-03-31")),
    (
        "the engagement itself says who is a sponsor",
        crm(met("new@acme.test", 3, sponsor=True), users=()),
        {},
        (3.0, "measured", "last contact on 2026-03-28"),
    ),
    (
        "and it wins over the list",
        crm(met(BOSS, 3, sponsor=False), met(BOSS, 9)),
        {},
        (9.0, "measured", "last contact on 2026-03-22"),
    ),
    (
        "an unanswered mail is no engagement",
        crm(met(BOSS, 2, kind="Email", direction="out"), met(BOSS, 20)),
        {},
        (20.0, "measured", "last contact on 2026-03-11"),
    ),
    (
        "an answer is, and so is a call that we made",
        crm(met(BOSS, 4, kind="email", direction="in"), met(BOSS, 6, kind="call", direction="out")),
        {},
        (4.0, "measured", "last contact on 2026-03-27"),
    ),
    (
        "a mail of unknown direction counts",
        crm(met(BOSS, 4, kind="email")),
        {},
        (4.0, "measured", "last contact on 2026-03-27"),
    ),
    (
        "never: since the account's first contact of any kind",
        crm(met(USER["email"], 70), met(USER["email"], 3)),
        {},
        (70.0, "measured", "no sponsor contact on record"),
    ),
    (
        "never answered",
        crm(met(BOSS, 33, kind="email", direction="out")),
        {},
        (33.0, "measured", "no sponsor contact on record"),
    ),
    (
        "a sponsor who left counts no more",
        crm(met(BOSS, 7), met(BOSS, 200), users=[LEFT]),
        {},
        (200.0, "measured", "the sponsor left on 2026-03-26"),
    ),
    (
        "unless a successor was met",
        crm(met(BOSS, 7), met(NEXT, 12), users=[LEFT, {"email": NEXT, "is_sponsor": True}]),
        {},
        (12.0, "measured", "last contact on 2026-03-19"),
    ),
    (
        "one of two left, the other was not met yet: no year of silence",
        crm(
            met(BOSS, 7), met(USER["email"], 200), users=[LEFT, {"email": NEXT, "is_sponsor": True}]
        ),
        {},
        (7.0, "measured", "last contact on 2026-03-24"),
    ),
    (
        "… nor was the one who left",
        crm(met(USER["email"], 200), users=[LEFT, {"email": NEXT, "is_sponsor": True}]),
        {},
        (200.0, "measured", "no sponsor contact on record"),
    ),
    (
        "another system still lists the sponsor: not gone",
        crm(met(BOSS, 7), users=[LEFT, SPONSOR]),
        {},
        (7.0, "measured", "last contact on 2026-03-24"),
    ),
    (
        "a sponsor without an email matches nobody",
        crm(met(None, 7), users=[{"email": None, "is_sponsor": True}]),
        {},
        (7.0, "measured", "no sponsor contact on record"),
    ),
    ("no contact at all", crm(met(BOSS, 7), account_id="b"), {}, MISSING),
    ("not connected", world(), {}, NOT_APPLICABLE),
    (
        "no source says who is a sponsor",
        world({"engagements": [{"account_id": "a", "occurred_at": at(1), "contact_email": BOSS}]}),
        {},
        NOT_APPLICABLE,
    ),
]


test_sponsor_engagement = case_test("sponsor_engagement", CASES)

from __future__ import annotations

from health_pipeline_tests.core.signals.worlds import (
    MISSING,
    NOT_APPLICABLE,
    account,
    at,
    case_test,
    on,
    window,
    world,
)


def user(name, joined, *, source="product", account_id="a", **columns):
    return {
        "account_id": account_id,
        "user_id": name,
        "source": source,
        "created_at": at(joined),
        **columns,
    }


RECORDED = 100
"""Days ago of the first core use that any source told of anybody."""


def team(*users, core=None, recorded=RECORDED, **columns):
    """`core`: days ago of the first core use of each user that has one."""
    since = None if recorded is None else on(recorded)
    return world(
        {"users": list(users)},
        accounts=[account(**columns)],
        windows=[window(active_users_30d=3, first_core_on=since)],
        usage_sources=frozenset({"product"}),
        first_core={name: on(days) for name, days in (core or {}).items()},
    )


def aggregates_only():
    """Core use of accounts, and nobody's name to it."""
    return world(
        {"users": [user("u", 30), user("v", 30)]},
        accounts=[account()],
        windows=[window(active_users_30d=None, first_core_on=on(RECORDED))],
        usage_sources=frozenset({"product"}),
    )


def told(joined, reached):
    return f"{joined} new users, {reached} of them with core use"


CASES = [
    (
        "the median of who reached it",
        team(user("u", 30), user("v", 30), user("w", 30), core={"u": 29, "v": 26, "w": 10}),
        {},
        (4.0, "measured", told(3, 3)),
    ),
    (
        "who waits counts with the days waited so far",
        team(user("u", 30), user("v", 40), core={"u": 28}),
        {},
        (21.0, "measured", told(2, 1)),
    ),
    (
        "on the first day itself",
        team(user("u", 30), user("v", 5), core={"u": 30, "v": 5}),
        {},
        (0.0, "measured", told(2, 2)),
    ),
    (
        "use before the record was made is no negative time",
        team(user("u", 30), user("v", 5), core={"u": 33, "v": 5}),
        {},
        (0.0, "measured", told(2, 2)),
    ),
    (
        "of two records of a person the earlier one",
        team(user("u", 30), user("u", 20), user("v", 30), core={"u": 20, "v": 20}),
        {},
        (10.0, "measured", told(2, 2)),
    ),
    (
        "89 days are new, 90 are not, nor is who has an old record",
        team(user("u", 89), user("v", 89), user("w", 90), user("x", 5), user("x", 200)),
        {},
        (89.0, "measured", told(2, 0)),
    ),
    (
        "who left is not waited for",
        team(
            user("u", 30),
            user("v", 30),
            user("w", 30, deactivated_at=at(1)),
            user("x", 30, deleted_at=at(1)),
            core={"u": 20, "v": 20},
        ),
        {},
        (10.0, "measured", told(2, 2)),
    ),
    (
        "contacts of the CRM are no users of the product",
        team(user("u", 30), user("v", 30), user("w", 80, source="crm"), core={"u": 20, "v": 20}),
        {},
        (10.0, "measured", told(2, 2)),
    ),
    ("who did what is not told", aggregates_only(), {}, NOT_APPLICABLE),
    ("one new user is one person", team(user("u", 30)), {}, NOT_APPLICABLE),
    (
        "unless that is enough",
        team(user("u", 30), core={"u": 27}),
        {"min_users": 1},
        (3.0, "measured", told(1, 1)),
    ),
    (
        "a shorter look back",
        team(user("u", 30), user("v", 10), user("w", 9), core={"v": 8}),
        {"window_days": 20},
        (5.5, "measured", told(2, 1)),
    ),
    ("nobody new", team(user("u", 200), user("v", 300)), {}, NOT_APPLICABLE),
    (
        "new users of another account",
        team(user("u", 9, account_id="b"), user("v", 9, account_id="b")),
        {},
        NOT_APPLICABLE,
    ),
    (
        "no use of this account is shown by any source",
        team(user("u", 30), user("v", 30), has_usage=False),
        {},
        NOT_APPLICABLE,
    ),
    (
        "a first day that nobody knows",
        team(user("u", 30) | {"created_at": None}, user("v", 30) | {"created_at": None}),
        {},
        NOT_APPLICABLE,
    ),
    (
        "days end with what was delivered",
        world(
            {"users": [user("u", 30), user("v", 30), user("w", 2)]},
            accounts=[account()],
            windows=[window(active_users_30d=3, observed_on=on(3), first_core_on=on(RECORDED))],
            usage_sources=frozenset({"product"}),
        ),
        {},
        (27.0, "measured", told(2, 0)),
    ),
    (
        "who joined before core use was recorded is not counted",
        team(user("u", 30), user("v", 20), user("w", 20), core={"v": 18, "w": 16}, recorded=25),
        {},
        (3.0, "measured", told(2, 2)),
    ),
    (
        "all of them before it was recorded",
        team(user("u", 30), user("v", 30), recorded=25),
        {},
        MISSING,
    ),
    (
        "no source tells core use",
        team(user("u", 30), user("v", 30), recorded=None),
        {},
        NOT_APPLICABLE,
    ),
    ("no list of users", world(accounts=[account()], windows=[window()]), {}, NOT_APPLICABLE),
]


test_user_time_to_first_value = case_test("user_time_to_first_value", CASES)

from __future__ import annotations

import polars as pl

from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.ids import account_id_of, user_id_of
from health_pipeline.core.identity.resolve import resolve
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    user,
)

TABLES = {
    "accounts": landed(
        "accounts",
        account("crm:1", known=1, domain="acme.com"),
        account("app:p1", known=5, domain="acme.com"),
        account("app:p2", known=1, domain="beta.io"),
    ),
    "users": landed(
        "users",
        user("app:u", known=2, source_account_id="p2"),
        user("app:u", known=8, source_account_id="p1"),
        user("app:nobody", known=2),
    ),
    "tickets": landed(
        "tickets",
        {
            **account("app:p1", known=9),
            "ticket_id": "t",
            "opened_at": at(2),
            "priority": "high",
            "source_user_id": "stranger",
        },
        {**account("app:p1", known=3), "ticket_id": "t", "opened_at": at(2), "priority": "low"},
        {**account("app:p7", known=3), "ticket_id": "x", "opened_at": at(2)},
        {**account("app:p7", known=4), "ticket_id": "y", "opened_at": at(2)},
    ),
    "events": landed("events", user("app:u") | {"event_id": "e"}).drop("known_assumed"),
}
ACME, BETA = account_id_of("crm", "1"), account_id_of("app", "p2")


def attached():
    return attach(TABLES, resolve(TABLES, RULES, NO_REGISTRY))


def test_rows_carry_their_account_and_are_known_with_their_link():
    tables, _ = attached()
    tickets = tables["tickets"].select("account_id", "priority", "known_at").rows()
    # The version order of the source stays, though both count from later moments.
    assert tickets == [(ACME, "low", at(5)), (ACME, "high", at(9))]


def test_users_count_where_each_version_says():
    tables, _ = attached()
    assert tables["users"].select("account_id", "known_at").rows() == [
        (BETA, at(2)),
        (ACME, at(8)),
    ]


def test_users_without_a_row_keep_an_id_of_their_own():
    tables, _ = attached()
    assert tables["tickets"]["user_id"].to_list() == [None, user_id_of("app", "stranger")]


def test_rows_that_nobody_claims_are_counted():
    _, unresolved = attached()
    assert unresolved.select("table", "source", "key", "rows").rows() == [
        ("tickets", "app", "p7", 2)
    ]
    assert unresolved.schema == RESULT_TABLES["unresolved"].columns


def test_events_are_left_to_the_roll_up():
    tables, _ = attached()
    assert set(tables) == {"accounts", "users", "tickets"}


def test_a_user_speaks_for_a_row_whose_account_nobody_knows():
    rows = landed(
        "surveys",
        {
            **account("app:p7", known=9),
            "response_id": "r",
            "source_user_id": "u",
            "answered_at": at(9),
            "kind": "nps",
            "score": 9.0,
        },
    )
    tables, unresolved = attach({"surveys": rows}, resolve(TABLES, RULES, NO_REGISTRY))
    assert tables["surveys"]["account_id"].to_list() == [ACME]
    assert unresolved.is_empty()


def test_empty_tables_stay_connected():
    empty = TABLES["tickets"].clear()
    tables, _ = attach({"tickets": empty}, resolve(TABLES, RULES, NO_REGISTRY))
    assert tables["tickets"].is_empty()
    assert {"account_id", "user_id"} <= set(tables["tickets"].columns)
    assert tables["tickets"].schema["account_id"] == pl.String

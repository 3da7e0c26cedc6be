from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.population import (
    ACCOUNT_COLUMNS,
    accounts_as_of,
    accounts_table,
    history,
)
from health_pipeline.core.identity.resolve import resolve
from health_pipeline.core.schemas.churn import ChurnDefinition, ColumnMatch
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    user,
)

CHURN = ChurnDefinition()
NOBODY = pl.DataFrame(schema={"account_id": pl.String, "first_active_on": pl.Date})


def day(number: int, month: int = 1) -> date:
    return date(2026, month, number)


def term(key: str, name: str = "s", known: int = 1, **more: object) -> dict[str, object]:
    return {"starts_on": day(1), **account(key, known), "subscription_id": name, **more}


def world(tables, active=NOBODY, churn=CHURN, rules=RULES):
    identity = resolve(tables, rules, NO_REGISTRY)
    rows, _ = attach(tables, identity)
    past = history(rows, active, rules, churn)

    def on(when):
        return {name: as_of(SOURCE_TABLES[name], frame, when) for name, frame in rows.items()}

    return identity, past, on


def population(tables, when, **more):
    _, past, on = world(tables, **more)
    return accounts_as_of(on(when), past, when)


ONE = landed("accounts", account("crm:1", name="Acme"))


@pytest.mark.parametrize(
    ("why", "terms", "when", "customers", "ended"),
    [
        ("in force from its first day", [term("crm:1", starts_on=day(5))], day(5), 1, 0),
        ("not before", [term("crm:1", starts_on=day(5))], day(4), 0, 0),
        ("not on the day it ends", [term("crm:1", ended_on=day(9))], day(9), 0, 1),
        ("the day before it ends", [term("crm:1", ended_on=day(9))], day(8), 1, 0),
        ("never a customer", [], day(9), 0, 0),
        (
            "a next term that starts in grace bridges the gap once it is signed",
            [
                term("crm:1", ended_on=day(9)),
                term("crm:1", "t", known=8, starts_on=day(20)),
            ],
            day(10),
            1,
            0,
        ),
        (
            "not before it is signed",
            [
                term("crm:1", ended_on=day(9)),
                term("crm:1", "t", known=12, starts_on=day(20)),
            ],
            day(10),
            0,
            1,
        ),
        (
            "not when it starts after grace",
            [
                term("crm:1", ended_on=day(9)),
                term("crm:1", "t", known=8, starts_on=day(9, 2)),
            ],
            day(10),
            0,
            1,
        ),
        (
            "another term in force keeps the customer",
            [term("crm:1", ended_on=day(9)), term("crm:1", "t")],
            day(10),
            1,
            0,
        ),
        ("nothing is known before it is known", [term("crm:1", known=6)], day(5), 0, 0),
    ],
)
def test_customers_by_subscription(why, terms, when, customers, ended):
    rows = landed("subscriptions", *terms) if terms else landed("subscriptions", term("crm:1"))
    found = population({"accounts": ONE, "subscriptions": rows[: len(terms)]}, when)
    assert (found.accounts.height, found.ended) == (customers, ended), why


@pytest.mark.parametrize(
    ("why", "tables", "when", "customers", "ended"),
    [
        ("seen", {}, day(1), 1, 0),
        ("not seen yet", {}, date(2025, 12, 31), 0, 0),
        (
            "lost by an outcome",
            {
                "outcomes": [
                    {
                        **account("crm:1", 8),
                        "outcome_id": "o",
                        "occurred_on": day(7),
                        "kind": "logo_loss",
                    }
                ]
            },
            day(8),
            0,
            1,
        ),
        (
            "not before the loss is known",
            {
                "outcomes": [
                    {
                        **account("crm:1", 8),
                        "outcome_id": "o",
                        "occurred_on": day(7),
                        "kind": "logo_loss",
                    }
                ]
            },
            day(7),
            1,
            0,
        ),
        (
            "won back",
            {
                "outcomes": [
                    {
                        **account("crm:1", 8),
                        "outcome_id": "o",
                        "occurred_on": day(7),
                        "kind": "non_renewal",
                    },
                    {
                        **account("crm:1", 9),
                        "outcome_id": "p",
                        "occurred_on": day(9),
                        "kind": "renewal",
                    },
                ]
            },
            day(9),
            1,
            0,
        ),
        (
            "a contraction is no loss",
            {
                "outcomes": [
                    {
                        **account("crm:1", 8),
                        "outcome_id": "o",
                        "occurred_on": day(7),
                        "kind": "contraction",
                    }
                ]
            },
            day(8),
            1,
            0,
        ),
        (
            "ARR that falls to nothing is a loss, whatever it is called",
            {
                "outcomes": [
                    {
                        **account("crm:1", 8),
                        "outcome_id": "o",
                        "occurred_on": day(7),
                        "kind": "contraction",
                        "arr_before": 100,
                        "arr_after": 0,
                    }
                ]
            },
            day(8),
            0,
            1,
        ),
        (
            "deleted in the only system",
            {"accounts": [account("crm:1", deleted_at=at(5))]},
            day(6),
            0,
            1,
        ),
        (
            "deleted in one of two systems",
            {
                "accounts": [
                    account("crm:1", domain="acme.com", deleted_at=at(5)),
                    account("app:1", domain="acme.com"),
                ]
            },
            day(6),
            1,
            0,
        ),
    ],
)
def test_customers_without_subscriptions(why, tables, when, customers, ended):
    rows = {"accounts": ONE, **{name: landed(name, *found) for name, found in tables.items()}}
    found = population(rows, when)
    assert (found.accounts.height, found.ended) == (customers, ended), why


def test_figures_add_up_over_terms_in_force():
    rows = landed(
        "subscriptions",
        term("crm:1", "a", arr=1000, seats=10, currency="USD", renews_on=day(1, 6)),
        term("crm:1", "b", arr=500, seats=5, currency="usd", renews_on=day(1, 3), starts_on=day(2)),
        term(
            "crm:1",
            "c",
            arr=700,
            seats=3,
            currency="EUR",
            renews_on=day(1),
            cancellation_notice_on=day(20),
        ),
        term("crm:1", "d", arr=9000, seats=90, currency="USD", ended_on=day(4)),
    )
    found = population({"accounts": ONE, "subscriptions": rows}, day(10))
    row = found.accounts.row(0, named=True)
    assert (row["arr"], row["seats"], found.foreign_currency) == (1500.0, 18, 1)
    assert (row["starts_on"], row["renews_on"]) == (day(1), day(1, 3))
    assert row["cancellation_notice_on"] is None
    later = population({"accounts": ONE, "subscriptions": rows}, day(20)).accounts
    assert later["cancellation_notice_on"].to_list() == [day(20)]


def test_what_no_term_states_is_unknown_not_zero():
    rows = landed("subscriptions", term("crm:1", arr=None, seats=None))
    row = population({"accounts": ONE, "subscriptions": rows}, day(10)).accounts.row(0, named=True)
    assert (row["arr"], row["seats"], row["renews_on"]) == (None, None, None)


SYSTEMS = [
    account("hubspot:1", domain="acme.com", plan="Growth", region="EMEA", owner_email="h@us.com"),
    account("stripe:1", domain="acme.com", plan="Enterprise", owner_email="s@us.com"),
    account("app:1", domain="acme.com", plan="Starter", region="AMER", employees=40),
    account("other:1", domain="acme.com", region="APAC", deployment="cloud"),
    account(
        "hubspot:1",
        known=5,
        domain="acme.com",
        plan="Growth",
        region="LATAM",
        owner_email="new@us.com",
    ),
]


@pytest.mark.parametrize(
    ("why", "when", "attribute", "expected"),
    [
        ("billing before CRM", day(4), "plan", "Enterprise"),
        ("CRM where billing is silent", day(4), "region", "EMEA"),
        ("the latest version", day(5), "region", "LATAM"),
        ("an attribute's own precedence", day(5), "owner_email", "new@us.com"),
        ("the only one that knows", day(4), "employees", 40),
        ("a source without a role comes last", day(4), "deployment", "cloud"),
        ("nobody knows", day(4), "customer_tier", None),
    ],
)
def test_attributes_by_precedence(why, when, attribute, expected):
    found = population({"accounts": landed("accounts", *SYSTEMS)}, when).accounts
    assert found[attribute].to_list() == [expected], why


def test_the_plan_of_a_billed_term_counts_as_billing():
    accounts = landed(
        "accounts",
        account("hubspot:1", plan="Growth", domain="acme.com"),
        account("stripe:1", domain="acme.com"),
    )
    rows = landed(
        "subscriptions",
        term("stripe:1", "a", plan="Addon", arr=10),
        term("stripe:1", "b", plan="Enterprise", arr=1000),
    )
    found = population({"accounts": accounts, "subscriptions": rows}, day(10)).accounts
    assert found["plan"].to_list() == ["Enterprise"]


@pytest.mark.parametrize(
    ("why", "rule", "excluded"),
    [
        ("an attribute, ignoring case", ColumnMatch(column="customer_tier", values=("Trial",)), 1),
        ("a column of the records", ColumnMatch(column="source_account_id", values=("1", "7")), 1),
        ("no match", ColumnMatch(column="customer_tier", values=("internal",)), 0),
        ("a column nobody provides", ColumnMatch(column="industry", values=("x",)), 0),
    ],
)
def test_exclusions_are_counted(why, rule, excluded):
    accounts = landed("accounts", account("crm:1", customer_tier="trial"), account("crm:2"))
    found = population({"accounts": accounts}, day(2), churn=ChurnDefinition(exclude=(rule,)))
    assert (found.excluded, found.accounts.height) == (excluded, 2 - excluded), why


@pytest.mark.parametrize(
    ("why", "when", "expected"),
    [
        ("creation", day(3), date(2025, 11, 1)),
        ("an earlier subscription, once known", day(6), date(2025, 10, 1)),
        ("earlier activity, once known", day(8), date(2025, 9, 1)),
    ],
)
def test_first_seen_as_known_on_the_day(why, when, expected):
    tables = {
        "accounts": landed("accounts", account("crm:1", created_at=at(1, 11, 2025))),
        "milestones": landed(
            "milestones",
            {
                **account("crm:1", known=6),
                "milestone_id": "m",
                "project": "p",
                "name": "n",
                "starts_on": date(2025, 10, 1),
            },
        ),
    }
    _, past, on = world(tables)
    account_id = past.shown.seen["account_id"][0]
    active = pl.DataFrame(
        {"account_id": [account_id], "first_active_on": [date(2025, 9, 1)], "known_on": [day(8)]}
    )
    _, past, on = world(tables, active=active)
    found = accounts_as_of(on(when), past, when).accounts
    assert found["first_seen_on"].to_list() == [expected], why
    assert found["has_usage"].to_list() == [when >= day(8)], why


def test_a_user_is_usage_from_the_day_it_is_known():
    tables = {"accounts": ONE, "users": landed("users", user("crm:u", 4, source_account_id="1"))}
    seen = {
        when: population(tables, when).accounts["has_usage"].to_list() for when in (day(3), day(4))
    }
    assert seen == {day(3): [False], day(4): [True]}


def test_rows_known_later_change_no_earlier_population():
    tables = {
        "accounts": landed("accounts", *SYSTEMS),
        "subscriptions": landed(
            "subscriptions",
            term("stripe:1", arr=10, seats=1),
            term("stripe:1", known=7, arr=20, seats=2),
        ),
    }
    early = {
        name: frame.filter(pl.col("known_at") <= at(4) + timedelta(hours=11))
        for name, frame in tables.items()
    }
    assert population(tables, day(4)).accounts.equals(population(early, day(4)).accounts)


def test_accounts_table_holds_everyone():
    accounts = landed(
        "accounts",
        account("crm:1", name="Acme", domain="https://Acme.com"),
        account("crm:2", name="Sub", parent_source_account_id="1"),
        account("crm:3", name="Gone"),
    )
    rows = landed(
        "subscriptions", term("crm:1", arr=10, seats=4), term("crm:3", "t", ended_on=day(5))
    )
    identity, past, on = world({"accounts": accounts, "subscriptions": rows})
    table = accounts_table(on(day(9)), past, identity.account_xref, day(9))
    assert table.schema == RESULT_TABLES["accounts"].columns
    by_name = {row["name"]: row for row in table.iter_rows(named=True)}
    assert by_name["Acme"]["domain"] == "acme.com"
    assert by_name["Sub"]["parent_account_id"] == by_name["Acme"]["account_id"]
    assert {name: row["arr"] for name, row in by_name.items()} == {
        "Acme": 10.0,
        "Sub": None,
        "Gone": None,
    }


DOMAINS = [
    # why, domains of the records of one account (the most trusted first), the account's domain
    ("a URL of the company", ["https://Acme.com/about"], "acme.com"),
    ("a mailbox is nobody's company", ["gmail.com"], None),
    ("nor is a page that a site lends", ["facebook.com/acme"], None),
    ("another system knows the company's own", ["gmail.com", "acme.com"], "acme.com"),
    ("no system tells", [None], None),
]


@pytest.mark.parametrize(("why", "told", "shown"), DOMAINS, ids=[case[0] for case in DOMAINS])
def test_the_domain_of_an_account_is_the_company_s_own(why, told, shown):
    sources = ["stripe", "crm"]
    rows = [account(f"{sources[n]}:1", name="Acme", domain=host) for n, host in enumerate(told)]
    identity, past, on = world({"accounts": landed("accounts", *rows)})
    table = accounts_table(on(day(9)), past, identity.account_xref, day(9))
    assert table["domain"].to_list() == [shown], why


def test_hosts_that_many_accounts_of_a_source_show_are_no_domain_of_theirs():
    hosts = ["one.desk.example", "two.desk.example", "three.desk.example"]
    rows = [account(f"crm:{n}", name=host, domain=host) for n, host in enumerate(hosts)]
    identity, past, on = world({"accounts": landed("accounts", *rows)})
    table = accounts_table(on(day(9)), past, identity.account_xref, day(9))
    assert table["domain"].to_list() == [None, None, None]


def test_an_empty_world_has_an_empty_population_of_the_right_shape():
    found = population({}, day(1))
    assert found.accounts.schema == ACCOUNT_COLUMNS
    assert (found.accounts.height, found.excluded, found.ended) == (0, 0, 0)

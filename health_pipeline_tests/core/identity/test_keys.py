from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import account_keys, account_records, ignored_keys
from health_pipeline_tests.core.identity.tables import account, at, landed, link, user

RULES = IdentityRules(legal_suffixes=("co",))


def tables_of(accounts=(), links=(), users=()):
    parts = {"accounts": accounts, "account_links": links, "users": users}
    return {name: landed(name, *rows) for name, rows in parts.items() if rows}


def keys_of(tables):
    """(rule, scope, value, source:id) of every key but the records' own ids."""
    records = account_records(tables)
    keys = account_keys(tables, records, RULES).join(records.drop("known_at"), on="rec")
    found = keys.select(
        "rule", "scope", "value", pl.format("{}:{}", "source", "source_account_id").alias("record")
    ).rows()
    return sorted(row for row in found if f"{row[1]}:{row[2]}" != row[3])


def ignored_of(tables):
    return ignored_keys(tables, account_records(tables), RULES).rows()


@pytest.mark.parametrize(
    ("why", "row", "expected"),
    [
        ("a domain", {"domain": "www.acme.com"}, [("domain", "acme.com")]),
        (
            "a verified one is a key of both rules",
            {"domain": "acme.com", "domain_verified": True},
            [("domain", "acme.com"), ("verified_domain", "acme.com")],
        ),
        ("one that is not verified is none", {"domain": "acme.com", "domain_verified": False}, []),
        ("a name", {"name": "Acme Inc"}, [("name", "acme")]),
        (
            "a name with its region",
            {"name": "Acme Inc", "region": " EMEA "},
            [("name", "acme"), ("name_region", "acme in emea")],
        ),
        ("a region alone", {"region": "EMEA"}, []),
        (
            "a former name links by the weakest rule only",
            {"name": "Acme (formerly Beta)", "region": "EMEA"},
            [("name", "acme"), ("name", "beta"), ("name_region", "acme in emea")],
        ),
        ("nothing", {"name": "", "domain": " "}, []),
        ("a mailbox provider and a placeholder", {"name": "Unknown", "domain": "gmail.com"}, []),
    ],
)
def test_keys_of_an_account(why, row, expected):
    found = keys_of(tables_of([account("crm:1", **row)]))
    assert found == [(rule, "", value, "crm:1") for rule, value in expected], why


def test_keys_of_links():
    links = [
        link("crm:1", "account_id", "c9", linked_source="bill"),
        link("crm:1", "account_id", "c8"),
        link("crm:1", "domain", "app.acme.io"),
        link("crm:1", "alias", "The Acme Co"),
        link("crm:1", "alias", "n/a"),
    ]
    tables = tables_of([account("crm:1")], links)
    assert keys_of(tables) == [
        ("domain", "", "acme.io", "crm:1"),
        ("foreign_key", "bill", "c9", "crm:1"),
        ("name", "", "acme", "crm:1"),
    ]
    records = account_records(tables)
    met = account_keys(tables, records, RULES).filter(rule="foreign_key").join(records, on="rec")
    assert set(met.select("scope", "value", "source", "source_account_id").rows()) == {
        ("bill", "c9", "crm", "1"),
        ("bill", "c9", "bill", "c9"),  # the record that is named; nobody names crm:1
    }


def test_a_key_counts_from_its_first_version_and_its_rows_follow_each_other():
    accounts = [
        account("crm:1", known=3, domain="acme.com"),
        account("crm:1", known=7, domain="www.acme.com"),
        account("crm:1", known=9, domain="beta.io"),
        account("app:2", known=5, domain="acme.com"),
    ]
    tables = tables_of(accounts)
    keys = account_keys(tables, account_records(tables), RULES)
    assert keys.select("value", "rec", "known_at").rows() == [
        ("acme.com", 0, at(3)),
        ("acme.com", 1, at(5)),
        ("beta.io", 0, at(9)),
    ]


def test_what_is_written_and_is_no_key_is_told():
    accounts = [
        account("crm:1", domain="gmail.com", name="N/A"),
        account("crm:2", domain="beta.io", domain_verified=False, name="Oracle DBA Services"),
        account("crm:3", domain="acme.com", name="Acme", region="EMEA"),
        account("crm:4", domain="", name="x" * 10_000),
    ]
    links = [link("crm:3", "domain", "not a domain")]
    found = ignored_of(tables_of(accounts, links))
    public = "a public mailbox or shared host, which is nobody's own domain"
    assert found == [
        ("crm", "1", "domain", "gmail.com", public),
        ("crm", "1", "name", "N/A", "a placeholder, not a name: na"),
        ("crm", "2", "domain", "beta.io", "the source says that this domain is not verified"),
        ("crm", "2", "name", "Oracle DBA Services", "one name or two? DBA"),
        ("crm", "3", "domain", "not a domain", "not a domain"),
        ("crm", "4", "name", "x" * 200, "longer than 200 characters"),
    ]


def tenants(*hosts, source="crm"):
    return tables_of([account(f"{source}:{n}", domain=host) for n, host in enumerate(hosts)])


def test_hosts_below_one_domain_are_its_company_unless_they_look_like_tenants():
    found = keys_of(tenants("acme.com", "eu.acme.com", "https://us.acme.com/", "app.acme.com"))
    assert {value for _, _, value, _ in found} == {"acme.com"}
    assert len(found) == 4

    many = tenants("acme.desk.app.com", "beta.desk.app.com", "www.gamma.app.com", "app.com")
    assert keys_of(many) == [("domain", "", "app.com", "crm:3")]
    assert {row[4] for row in ignored_of(many)} == {
        "3 hosts of this source stand below app.com: does everybody share it?"
    }


def test_pages_of_one_domain_are_its_company_unless_they_look_like_tenants():
    found = keys_of(tenants("acme.com/products", "acme.com/jobs/", "acme.com/de", "acme.com/about"))
    assert {value for _, _, value, _ in found} == {"acme.com"}
    assert len(found) == 4

    many = tenants("https://lent.com/acme", "lent.com/beta?x", "www.lent.com/gamma/", "lent.com/")
    assert keys_of(many) == [("domain", "", "lent.com", "crm:3")]
    assert {row[4] for row in ignored_of(many)} == {
        "3 records of this source show pages of lent.com: does everybody share it?"
    }

    pages = [link("crm:1", "domain", f"acme.com/{page}") for page in ("jobs", "news", "shop")]
    assert len(keys_of(tables_of([account("crm:1")], pages))) == 1


def members(source, record, *claims, **more):
    return [
        user(f"{source}:{record}-{n}", source_account_id=record, sso_claim=claim, **more)
        for n, claim in enumerate(claims)
    ]


CRM, APP = account("crm:1"), account("app:p")


@pytest.mark.parametrize(
    ("why", "accounts", "users", "linked", "told"),
    [
        (
            "users of two systems with one SSO domain",
            [CRM, APP],
            [
                *members("crm", "1", "a@acme.com"),
                *members("app", "p", "b@ACME.com", "c@eu.acme.com"),
            ],
            {"crm:1", "app:p"},
            None,
        ),
        (
            "the domain of the tenant says the same",
            [CRM, APP],
            [
                *members("crm", "1", "a@acme.com"),
                user("app:u", source_account_id="p", sso_domain="acme.com"),
            ],
            {"crm:1", "app:p"},
            None,
        ),
        (
            "a guest's SSO makes the record's ambiguous",
            [CRM, APP],
            [*members("crm", "1", "a@acme.com"), *members("app", "p", "b@acme.com", "x@guest.io")],
            {"crm:1"},
            "users of this record have SSO claims of several domains",
        ),
        (
            "our own staff in two workspaces",
            [APP, account("app:q")],
            [*members("app", "p", "us@ours.com"), *members("app", "q", "us@ours.com")],
            set(),
            "the same SSO domain on several records of this source",
        ),
        (
            "the record's own domain is another",
            [account("crm:1", domain="acme.com"), APP],
            [*members("crm", "1", "x@agency.io"), *members("app", "p", "y@agency.io")],
            {"app:p"},
            "the record shows another domain than its users' SSO claims",
        ),
        (
            "a public mailbox",
            [CRM, APP],
            [*members("crm", "1", "a@gmail.com"), *members("app", "p", "b@gmail.com")],
            set(),
            None,
        ),
        (
            "two hosts in one claim",
            [CRM, APP],
            [*members("crm", "1", "a@evil.com@acme.com"), *members("app", "p", "b@acme.com")],
            {"app:p"},
            None,
        ),
        (
            "an opaque claim",
            [CRM, APP],
            [*members("crm", "1", "oidc|77"), *members("app", "p", "oidc|77")],
            set(),
            None,
        ),
        (
            "which takes nothing from a domain beside it, nor does a mailbox",
            [CRM, APP],
            [
                *members("crm", "1", "a@acme.com", "oidc|77"),
                *members("app", "p", "b@acme.com", "c@gmail.com"),
            ],
            {"crm:1", "app:p"},
            None,
        ),
        (
            "a record that nobody knows",
            [CRM],
            [*members("crm", "1", "a@acme.com"), *members("app", "zz", "a@acme.com")],
            {"crm:1"},
            None,
        ),
    ],
)
def test_sso_claims(why, accounts, users, linked, told):
    tables = tables_of(accounts, users=users)
    found = {record for rule, _, _, record in keys_of(tables) if rule == "sso_claim"}
    assert found == linked, why
    whys = {row[4] for row in ignored_of(tables) if row[2] == "sso_claim"}
    assert whys == ({told} if told else set()), why

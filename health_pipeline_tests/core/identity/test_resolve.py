from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.identity.ids import account_id_of
from health_pipeline.core.identity.resolve import REGISTRY_COLUMNS, resolve
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    link,
)


def groups(identity) -> set[frozenset[str]]:
    """Which records are one account."""
    frame = identity.account_xref.group_by("account_id").agg(
        pl.format("{}:{}", "source", "source_account_id").alias("records")
    )
    return {frozenset(records) for records in frame["records"]}


def row(identity, key):
    source, _, record = key.partition(":")
    return identity.account_xref.row(
        by_predicate=(pl.col("source") == source) & (pl.col("source_account_id") == record),
        named=True,
    )


CASES = [
    (
        "a shared domain links, however it is written",
        [account("crm:1", domain="acme.com"), account("app:9", domain="https://www.Acme.com/x")],
        [],
        ["crm:1 app:9"],
    ),
    (
        "a public domain links nobody",
        [account("crm:1", domain="gmail.com"), account("app:9", domain="gmail.com")],
        [],
        ["crm:1", "app:9"],
    ),
    (
        "a domain that is not verified links nobody",
        [
            account("crm:1", domain="acme.com"),
            account("app:9", domain="acme.com", domain_verified=False),
        ],
        [],
        ["crm:1", "app:9"],
    ),
    (
        "a further domain links too",
        [account("crm:1", domain="acme.com"), account("app:9", domain="acme.io")],
        [link("crm:1", "domain", "acme.io")],
        ["crm:1 app:9"],
    ),
    (
        "a foreign key links whatever the names say",
        [account("crm:1", name="Acme"), account("app:9", name="Workspace 9", domain="x.io")],
        [link("crm:1", "account_id", "9", linked_source="app")],
        ["crm:1 app:9"],
    ),
    (
        "a foreign key may name a record that has no row",
        [account("crm:1", name="Acme")],
        [link("crm:1", "account_id", "9", linked_source="app")],
        ["crm:1 app:9"],
    ),
    (
        "ids of different systems are different",
        [account("crm:1"), account("app:1")],
        [],
        ["crm:1", "app:1"],
    ),
    (
        "a legal name links records of different sources",
        [account("crm:1", name="Acme Inc."), account("app:9", name="ACME")],
        [],
        ["crm:1 app:9"],
    ),
    (
        "an alias links",
        [account("crm:1", name="Acme"), account("app:9", name="Roadrunner Traps")],
        [link("crm:1", "alias", "Roadrunner Traps Ltd")],
        ["crm:1 app:9"],
    ),
    (
        "one name never links two records of one source",
        [account("crm:1", name="Acme"), account("crm:2", name="Acme")],
        [],
        ["crm:1", "crm:2"],
    ),
    (
        "one name never links different domains",
        [
            account("crm:1", name="Acme", domain="acme.com"),
            account("app:9", name="Acme", domain="acme.io"),
        ],
        [],
        ["crm:1", "app:9"],
    ),
    (
        "a name that could mean two accounts links to neither",
        [
            account("crm:1", name="Acme", domain="acme.com"),
            account("app:9", name="Acme", domain="acme.io"),
            account("bill:7", name="Acme"),
        ],
        [],
        ["crm:1", "app:9", "bill:7"],
    ),
    (
        "a name links to the one account that shows a domain",
        [
            account("crm:1", name="Acme", domain="acme.com"),
            account("app:9", name="Acme App", domain="acme.com"),
            account("bill:7", name="Acme"),
        ],
        [],
        ["crm:1 app:9 bill:7"],
    ),
    (
        "a second name cannot join what domains keep apart",
        [
            account("crm:1", name="Acme", domain="acme.com"),
            account("bill:7", name="Acme"),
            account("app:9", name="Apex", domain="apex.io", known=3),
        ],
        [link("bill:7", "alias", "Apex", known=3)],
        ["crm:1 bill:7", "app:9"],
    ),
    (
        "links chain",
        [
            account("crm:1", name="Acme", domain="acme.com"),
            account("app:9", domain="acme.com"),
            account("bill:7"),
        ],
        [link("app:9", "account_id", "7", linked_source="bill")],
        ["crm:1 app:9 bill:7"],
    ),
    (
        "an older version's domain goes on linking",
        [
            account("crm:1", domain="acme.com"),
            account("crm:1", known=5, domain="acme.io"),
            account("app:9", domain="acme.com"),
        ],
        [],
        ["crm:1 app:9"],
    ),
]


@pytest.mark.parametrize(("why", "accounts", "links", "expected"), CASES, ids=lambda v: str(v)[:40])
def test_which_records_are_one_account(why, accounts, links, expected):
    tables = {"accounts": landed("accounts", *accounts)}
    if links:
        tables["account_links"] = landed("account_links", *links)
    identity = resolve(tables, RULES, NO_REGISTRY)
    assert groups(identity) == {frozenset(group.split()) for group in expected}, why


def test_each_link_states_rule_evidence_confidence_and_time():
    identity = resolve(
        {
            "accounts": landed(
                "accounts",
                account("crm:1", known=2, name="Acme", domain="acme.com"),
                account("app:9", known=4, domain="acme.com"),
                account("bill:7", known=3, name="ACME Inc"),
                account("zd:5", known=1, name="Other"),
            ),
            "account_links": landed(
                "account_links", link("zd:5", "account_id", "9", known=8, linked_source="app")
            ),
        },
        RULES,
        NO_REGISTRY,
    )
    told = {
        key: tuple(row(identity, key)[c] for c in ("rule", "evidence", "confidence", "linked_at"))
        for key in ("crm:1", "app:9", "bill:7", "zd:5")
    }
    assert told == {
        "zd:5": ("anchor", "first known record", 1.0, at(1)),
        "app:9": ("foreign_key", "account_id=app:9", 1.0, at(8)),
        # Known as one account with each other on the 3rd, with the anchor only on the 8th.
        "crm:1": ("domain", "domain=acme.com", 0.98, at(8)),
        "bill:7": ("name", "name=acme", 0.9, at(8)),
    }
    assert set(identity.account_xref["account_id"]) == {account_id_of("zd", "5")}
    assert identity.account_xref.schema == RESULT_TABLES["account_xref"].columns


def test_pairs_in_doubt_are_left_to_a_person():
    tables = {
        "accounts": landed(
            "accounts",
            account("crm:1", name="Acme", domain="acme.com"),
            account("app:9", name="Acme", domain="acme.io"),
        )
    }
    review = resolve(tables, RULES, NO_REGISTRY).review
    assert review.select("left_source", "right_source", "right_name", "why").rows() == [
        ("app", "crm", "Acme", "same name, different domains: name=acme")
    ]
    assert review.schema == RESULT_TABLES["identity_review"].columns


ACME = [account("crm:1", known=3, domain="acme.com"), account("app:9", known=1, domain="acme.com")]


def registry(*rows):
    return pl.DataFrame(
        [(*key.split(":"), account_id, published) for key, account_id, published in rows],
        schema=REGISTRY_COLUMNS,
        orient="row",
    )


@pytest.mark.parametrize(
    ("why", "accounts", "known", "ids", "aliases", "new"),
    [
        ("empty registry: hash of the anchor", ACME, [], [account_id_of("app", "9")], {}, 1),
        ("a registered id wins", ACME, [("crm:1", "acc_x", at(1))], ["acc_x"], {}, 0),
        (
            "of two published ids the first survives, the other is an alias",
            ACME,
            [("crm:1", "acc_x", at(1)), ("app:9", "acc_y", at(2))],
            ["acc_x"],
            {"acc_y": "acc_x"},
            0,
        ),
        (
            "a published id survives one that was only given",
            ACME,
            [("crm:1", "acc_x", at(2)), ("app:9", "acc_a", None)],
            ["acc_x"],
            {"acc_a": "acc_x"},
            0,
        ),
        (
            "after a split the part with the registered record keeps the id",
            [account("crm:1", known=3, domain="acme.com"), account("app:9", domain="other.io")],
            [("crm:1", "acc_x", at(1))],
            [account_id_of("app", "9"), "acc_x"],
            {},
            1,
        ),
        (
            "an id registered for two records is kept by the earlier anchor, never given twice",
            [account("crm:1", known=3, domain="acme.com"), account("app:9", domain="other.io")],
            [("crm:1", "acc_x", at(1)), ("app:9", "acc_x", at(1))],
            ["acc_x", account_id_of("crm", "1")],
            {},
            1,
        ),
        (
            "a registered record that is gone matters to nobody",
            ACME,
            [("crm:77", "acc_x", at(1))],
            [account_id_of("app", "9")],
            {},
            1,
        ),
    ],
)
def test_ids(why, accounts, known, ids, aliases, new):
    identity = resolve({"accounts": landed("accounts", *accounts)}, RULES, registry(*known))
    assert sorted(set(identity.account_xref["account_id"])) == sorted(ids), why
    assert dict(identity.aliases.iter_rows()) == aliases, why
    assert identity.registry_new.height == new, why


def test_a_merge_does_not_hide_the_past_of_a_published_account():
    identity = resolve(
        {
            "accounts": landed("accounts", account("crm:1", known=1), account("app:9", known=2)),
            "account_links": landed(
                "account_links", link("crm:1", "account_id", "9", known=20, linked_source="app")
            ),
        },
        RULES,
        registry(("crm:1", "acc_x", at(1)), ("app:9", "acc_y", at(2))),
    )
    assert row(identity, "app:9")["account_id"] == "acc_x"
    assert row(identity, "app:9")["linked_at"] == at(2)


def test_without_accounts_every_id_is_an_account():
    events = pl.DataFrame(
        {"source": ["app", "app"], "source_account_id": ["a", None], "known_at": [at(2), at(1)]}
    )
    identity = resolve({"events": events}, RULES, NO_REGISTRY)
    assert groups(identity) == {frozenset({"app:a"})}


def test_with_accounts_an_unknown_id_is_no_account():
    invoices = landed("invoices", {**account("bill:7"), "invoice_id": "i"})
    identity = resolve(
        {"accounts": landed("accounts", account("crm:1")), "invoices": invoices}, RULES, NO_REGISTRY
    )
    assert groups(identity) == {frozenset({"crm:1"})}


def test_nothing_landed_resolves_to_nothing():
    identity = resolve({}, RULES, NO_REGISTRY)
    assert identity.account_xref.is_empty()
    assert identity.user_xref.is_empty()


def test_a_foreign_key_of_no_system_is_reported():
    tables = {
        "accounts": landed("accounts", account("crm:1")),
        "account_links": landed("account_links", link("crm:1", "account_id", "9")),
    }
    unresolved = resolve(tables, RULES, NO_REGISTRY).unresolved
    assert unresolved.select("table", "source", "key", "rows").rows() == [
        ("account_links", "crm", "1", 1)
    ]


def test_ids_of_records_with_odd_names():
    names = ['a"b', "back\\slash", "日本", "tab\tbed", "\x7f\u2028", "</", "ü"]
    rows = [{**account("crm:x"), "source_account_id": name} for name in names]
    xref = resolve({"accounts": landed("accounts", *rows)}, RULES, NO_REGISTRY).account_xref
    ids = dict(xref.select("source_account_id", "account_id").iter_rows())
    assert ids == {name: account_id_of("crm", name) for name in names}

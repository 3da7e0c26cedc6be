"""What systems hand in by mistake: each row goes on or is told, and nobody is merged by it.

By the packaged model, likeness and all: so that no rule lets in what another one keeps out.
"""

from __future__ import annotations

import pytest

from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.parents import lost_parents
from health_pipeline.core.identity.resolve import resolve
from health_pipeline_tests.core.identity.look_alikes import HOSTS, NAMES, look_alikes
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    account,
    at,
    landed,
    link,
    user,
)

RULES = load_model().identity

LONG = "Vortexa Quovadis " * 600

APART = [
    # why, accounts, links: as many accounts as records
    ("a look-alike domain, and the same name",
     [account("crm:1", name="Vortexa", domain="vortexa.com"),
      account("bill:1", name="Vortexa", domain="vort\u0435xa.com")], []),
    ("the same in punycode",
     [account("crm:1", name="Vortexa", domain="vortexa.com"),
      account("bill:1", name="Vortexa GmbH", domain="xn--vortxa-6of.com")], []),
    ("a look-alike domain among the further domains",
     [account("crm:1", name="Vortexa", domain="vortexa.com"), account("bill:1", name="Vortexa")],
     [link("bill:1", "domain", "vort\u0435xa.com")]),
    ("a look-alike name", [account("crm:1", name="Vortexa"),
                           account("bill:1", name="V\u043ertexa")], []),
    ("full width", [account("crm:1", name="Vortexa"),
                    account("bill:1", name="\uff36ortexa Group")], []),
    ("an invisible character", [account("crm:1", name="Vortexa"),
                                account("bill:1", name="Vor\u200btexa")], []),
    ("a Turkish letter without its dot", [account("crm:1", name="Vivitrix"),
                                          account("bill:1", name="Viv\u0131trix Systems")], []),
    ("a mailbox provider as company domain", [account("crm:1", domain="gmail.com"),
                                              account("bill:1", domain="GMAIL.com"),
                                              account("app:1", domain="mail.gmail.com")], []),
    ("no name at all", [account("crm:1", name=""), account("bill:1", name=""),
                        account("app:1", name="  "), account("zd:1", name=None)], []),
    ("what stands for no name", [account("crm:1", name="N/A"), account("bill:1", name="n/a"),
                                 account("app:1", name="Unknown"), account("zd:1", name="-")], []),
    ("names of 10,000 characters", [account("crm:1", name=LONG), account("bill:1", name=LONG),
                                    account("app:1", name="Vortexa")], []),
    ("two records of one system claim one record",
     [account("crm:1", name="Vortexa"), account("bill:1", name="Quovadis"),
      account("bill:2", name="Umbriel")],
     [link("bill:1", "account_id", "1", linked_source="crm"),
      link("bill:2", "account_id", "1", linked_source="crm")]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rows", "links"), APART, ids=[case[0] for case in APART])
def test_nobody_is_merged(why, rows, links):
    tables = {"accounts": landed("accounts", *rows)}
    if links:
        tables["account_links"] = landed("account_links", *links)
    found = resolve(tables, RULES, NO_REGISTRY).account_xref
    assert found["account_id"].n_unique() == found.height == len(rows), why


def test_two_systems_may_claim_one_record():
    """Support and billing both name the customer of the CRM: that is what foreign keys are for."""
    rows = [account("crm:1"), account("bill:1"), account("zd:1")]
    links = [
        link(f"{system}:1", "account_id", "1", linked_source="crm") for system in ("bill", "zd")
    ]
    tables = {
        "accounts": landed("accounts", *rows),
        "account_links": landed("account_links", *links),
    }
    assert resolve(tables, RULES, NO_REGISTRY).account_xref["account_id"].n_unique() == 1


@pytest.mark.parametrize(("column", "texts"), [("domain", HOSTS), ("name", NAMES)])
def test_look_alikes_are_not_merged_by_the_packaged_model(column, texts):
    """Beside a second name that is only similar, so that likeness has its say as well."""
    pairs = look_alikes(texts, 200)
    own = [account(f"crm:{text}", **{column: text}) for text in texts]
    other = [account(f"s{n}:{n}", **{column: odd}) for n, (_, odd) in enumerate(pairs)]
    if column == "name":
        other += [account(f"t{n}:{n}", name=f"{odd} Group") for n, (_, odd) in enumerate(pairs)]
    tables = {"accounts": landed("accounts", *own, *other)}
    xref = resolve(tables, RULES, NO_REGISTRY).account_xref
    mine = set(xref.filter(source="crm")["account_id"])
    assert len(mine) == len(texts)
    assert not mine & set(xref.remove(source="crm")["account_id"])


def test_an_address_with_two_signs_is_told_and_links_nobody():
    tables = {
        "accounts": landed("accounts", account("crm:1", domain="vortexa.com")),
        "users": landed("users", user("app:1", email="ann@vortexa.com@vortexa.com")),
    }
    found = resolve(tables, RULES, NO_REGISTRY)
    assert found.user_xref.is_empty()
    assert found.unresolved["why"].to_list() == ["not an email address: more than one @"]


def test_parents_in_a_circle_are_cut_and_told():
    rows = [account(f"crm:{n}", parent_source_account_id=str(n % 3 + 1)) for n in (1, 2, 3)]
    tables = {"accounts": landed("accounts", *rows)}
    found = resolve(tables, RULES, NO_REGISTRY)
    told = lost_parents(tables["accounts"], found.account_xref)
    assert found.account_xref["account_id"].n_unique() == 3
    assert told.height == 1
    assert "circle" in told["why"][0]


PARENTS = [
    # why, children → parents, of which a lost parent is told
    ("of no export", {"1": "9"}, ["1"]),
    ("of another source", {"1": "b"}, ["1"]),
    ("known by name only in another case", {"a": "B", "B": "b"}, ["B"]),
    ("itself", {"1": "1"}, []),
    ("none", {"1": None}, []),
    ("known", {"1": "2", "2": None}, []),
]


@pytest.mark.parametrize(("why", "above", "lost"), PARENTS, ids=[case[0] for case in PARENTS])
def test_a_parent_that_is_no_record_is_told(why, above, lost):
    rows = [account(f"crm:{key}", parent_source_account_id=up) for key, up in above.items()]
    tables = {"accounts": landed("accounts", *rows, account("bill:b"))}
    found = resolve(tables, RULES, NO_REGISTRY)
    told = lost_parents(tables["accounts"], found.account_xref)
    assert told["key"].to_list() == lost, why
    assert told["why"].str.contains("parent company").all()


def test_a_parent_that_was_known_and_is_named_no_more_is_not_told():
    rows = [account("crm:1", 1, parent_source_account_id="9"), account("crm:1", 5)]
    tables = {"accounts": landed("accounts", *rows)}
    found = resolve(tables, RULES, NO_REGISTRY)
    assert lost_parents(tables["accounts"], found.account_xref).is_empty()


def test_a_record_that_its_source_deleted_keeps_its_account():
    """History was theirs; whether they are customers is another question."""
    first = account("crm:1", 1, domain="vortexa.com")
    deleted = account("crm:1", 5, domain=None, deleted_at=at(5))
    tables = {"accounts": landed("accounts", first, account("bill:1", 2, domain="vortexa.com"))}
    before = resolve(tables, RULES, NO_REGISTRY).account_xref
    tables = {
        "accounts": landed("accounts", first, deleted, account("bill:1", 2, domain="vortexa.com"))
    }
    assert resolve(tables, RULES, NO_REGISTRY).account_xref.equals(before)

"""By which domains and names of its records an account is found."""

from __future__ import annotations

import pytest

from health_pipeline.core.identity.called import CALLED, called
from health_pipeline.core.identity.resolve import resolve
from health_pipeline_tests.core.identity.tables import NO_REGISTRY, RULES, account, landed, link

CASES = [
    # why, accounts, links, what the account is called
    (
        "every record of the account",
        [account("crm:1", domain="acme.com", name="Acme"), account("zd:7", 2, name="ACME  Pumps ")],
        [link("zd:7", "account_id", "1", linked_source="crm")],
        {("domain", "acme.com"), ("name", "acme"), ("name", "acme pumps")},
    ),
    (
        "what links tell",
        [account("crm:1")],
        [link("crm:1", "domain", "https://Acme.de/x"), link("crm:1", "alias", "Ajax Ltd")],
        {("domain", "acme.de"), ("name", "ajax ltd")},
    ),
    (
        "a record tells what its latest version does",
        [account("crm:1", 3, name="New", domain="new.com"), account("crm:1", name="Old")],
        [],
        {("domain", "new.com"), ("name", "new")},
    ),
    (
        "a mailbox is nobody's",
        [account("crm:1", domain="gmail.com")],
        [link("crm:1", "domain", "outlook.com")],
        set(),
    ),
]


@pytest.mark.parametrize(("why", "rows", "links", "expected"), CASES, ids=[c[0] for c in CASES])
def test_what_an_account_is_called(why, rows, links, expected):
    told = {"accounts": landed("accounts", *rows)}
    if links:
        told["account_links"] = landed("account_links", *links)
    xref = resolve(told, RULES, NO_REGISTRY).account_xref
    found = called(told["accounts"], told.get("account_links"), xref, RULES)
    assert found["account_id"].is_in(xref["account_id"].implode()).all()
    assert set(found.select("kind", "value").iter_rows()) == expected, why


def test_where_nothing_is_connected_nothing_is_called():
    xref = resolve({}, RULES, NO_REGISTRY).account_xref
    assert called(None, None, xref, RULES).schema == CALLED

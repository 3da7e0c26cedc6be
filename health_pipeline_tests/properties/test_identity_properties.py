"""Laws of identity: the order of rows and files is no information; ids are stable."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.clusters import clusters_of
from health_pipeline.core.identity.records import account_keys, account_records
from health_pipeline.core.identity.resolve import resolve
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    link,
    user,
)
from health_pipeline_tests.properties.plain_clusters import plain_clusters

SOURCES = st.sampled_from(["crm", "bill", "app"])
KEYS = st.builds("{}:{}".format, SOURCES, st.integers(1, 4))
DAYS = st.integers(1, 28)
DOMAINS = st.sampled_from([None, "acme.com", "beta.io", "gamma.de", "gmail.com"])
NAMES = st.sampled_from([None, "Acme Inc", "ACME", "Beta", "Gamma GmbH", "The Gamma"])

ACCOUNTS = st.lists(
    st.builds(account, KEYS, DAYS, name=NAMES, domain=DOMAINS), min_size=1, max_size=14
)
LINKS = st.lists(
    st.one_of(
        st.builds(
            link, KEYS, st.just("account_id"), st.sampled_from("1234"), DAYS, linked_source=SOURCES
        ),
        st.builds(link, KEYS, st.just("domain"), st.sampled_from(["acme.com", "delta.fr"]), DAYS),
    ),
    max_size=4,
)
USERS = st.lists(
    st.builds(
        user,
        st.sampled_from(["app:u", "app:v", "bill:u"]),
        DAYS,
        source_account_id=st.sampled_from([None, "1", "2"]),
        email=st.sampled_from([None, "x@acme.com", "y@beta.io", "z@gmail.com"]),
        email_verified=st.sampled_from([None, True, False]),
    ),
    max_size=8,
    unique_by=lambda row: (row["source"], row["source_user_id"], row["known_at"]),
)


def tables_of(accounts, links, users):
    tables = {"accounts": landed("accounts", *accounts)}
    if links:
        tables["account_links"] = landed("account_links", *links)
    if users:
        tables["users"] = landed("users", *users)
    return tables


def frames(identity):
    return {name: getattr(identity, name) for name in identity.__slots__}


@settings(max_examples=50, deadline=None)
@given(ACCOUNTS, LINKS, USERS, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_identity(accounts, links, users, random):
    first = frames(resolve(tables_of(accounts, links, users), RULES, NO_REGISTRY))
    shuffled = [random.sample(rows, len(rows)) for rows in (accounts, links, users)]
    again = frames(resolve(tables_of(*shuffled), RULES, NO_REGISTRY))
    for name, frame in first.items():
        assert frame.equals(again[name]), name


@settings(max_examples=50, deadline=None)
@given(ACCOUNTS, LINKS, ACCOUNTS)
def test_a_published_id_never_gets_lost(accounts, links, more):
    tables = tables_of(accounts, links, [])
    first = resolve(tables, RULES, NO_REGISTRY)
    registry = first.registry_new.with_columns(pl.lit(at(1, 2)).alias("published_at"))
    assert resolve(tables, RULES, registry).account_xref.equals(first.account_xref)

    later = resolve(tables_of([*accounts, *more], links, []), RULES, registry)
    still = set(later.account_xref["account_id"]) | set(later.aliases["alias"])
    assert set(first.account_xref["account_id"]) <= still
    assert set(later.aliases["account_id"]) <= set(later.account_xref["account_id"])
    assert not set(later.aliases["alias"]) & set(later.account_xref["account_id"])
    assert not set(later.registry_new["account_id"]) & set(registry["account_id"])


@settings(max_examples=50, deadline=None)
@given(ACCOUNTS, LINKS)
def test_links_are_not_known_before_their_records_and_one_anchors_each_account(accounts, links):
    tables = tables_of(accounts, links, [])
    identity = resolve(tables, RULES, NO_REGISTRY)
    records = account_records(tables).select("source", "source_account_id", "known_at")
    joined = identity.account_xref.join(records, on=["source", "source_account_id"])
    assert joined.height == identity.account_xref.height
    assert (joined["linked_at"] >= joined["known_at"]).all()
    anchors = identity.account_xref.filter(pl.col("rule") == "anchor")
    assert anchors["account_id"].n_unique() == anchors.height
    assert set(anchors["account_id"]) == set(identity.account_xref["account_id"])


@settings(max_examples=100, deadline=None)
@given(ACCOUNTS, LINKS, ACCOUNTS)
def test_all_at_once_is_one_after_the_other(accounts, links, more):
    tables = tables_of([*accounts, *more], links, [])
    records = account_records(tables)
    keys = account_keys(tables, records, RULES)
    assert clusters_of(records, keys, RULES).labels.tolist() == plain_clusters(records, keys, RULES)

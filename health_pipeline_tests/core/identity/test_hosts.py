from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.hosts import _suffixes, registrable, registrable_hosts

VECTORS = Path(__file__).parents[4] / "shared" / "data" / "domain_rules" / "test_psl.txt"
NAMES = sorted(
    name
    for part in (_suffixes().plain, _suffixes().below, _suffixes().exceptions)
    for names in part.values()
    for name in names[0]
)
LABELS = st.sampled_from(["a", "www", "acme", "co", "com", "city", "x-1"])
HOSTS = st.builds(
    lambda labels, end: ".".join([*labels, end]),
    st.lists(LABELS, max_size=3),
    st.sampled_from([*NAMES, "example", "local", "unlisted"]),
)


def vectors():
    text = VECTORS.read_text(encoding="utf-8")
    found = re.findall(r"^checkPublicSuffix\((.+), (.+)\);", text, re.MULTILINE)
    return [tuple(None if s == "null" else s.strip("'") for s in pair) for pair in found]


def test_the_vectors_of_the_public_suffix_list():
    if not VECTORS.is_file():
        pytest.skip(f"no vectors of the Public Suffix List at {VECTORS}")
    cases = vectors()
    assert len(cases) == 78
    from health_pipeline.core.identity.standardise import normalised_domain

    for host, expected in cases:
        ascii_host = expected and normalised_domain(expected)
        if host is None:
            continue  # no host at all is null before any rule
        found = normalised_domain(host)
        assert found == ascii_host, host
        assert (found is None) == (expected is None), host


@settings(deadline=None)
@given(st.lists(HOSTS, max_size=20))
def test_a_column_gives_what_one_host_gives(hosts):
    whole = registrable_hosts(pl.Series("host", hosts, dtype=pl.String)).to_list()
    for host, found in zip(hosts, whole, strict=True):
        assume(found is not None or not _is_wildcard_with_longer_rules(host))
        assert found == registrable(host), host


def _is_wildcard_with_longer_rules(host):
    """tldextract overlooks *.PARENT where the same host also ends a longer rule.

    Such a host is a public suffix, and as a column it is one: nobody's.
    """
    parent = host.partition(".")[2]
    rules = _suffixes()
    below = rules.below.get(parent.count(".") + 1)
    stems = rules.stems.get(host.count(".") + 1)
    return below is not None and stems is not None and parent in below[0] and host in stems[0]


TOPS = [
    # why, host, expected
    ("a top level that the list does not know is a suffix", "app.acme.example", "acme.example"),
    ("itself it is nobody's", "example", None),
    ("two companies may both have this one", "acme.local", None),
    ("and what stands below it", "mail.acme.internal", None),
    ("a top level that is listed by what stands below it", "www.acme.co.ck", "acme.co.ck"),
]


@pytest.mark.parametrize(("why", "host", "expected"), TOPS, ids=[c[0] for c in TOPS])
def test_top_levels(why, host, expected):
    assert registrable(host) == expected
    assert registrable_hosts(pl.Series([host])).to_list() == [expected]


def test_nulls_stay_in_their_places():
    hosts = pl.Series("host", ["a.acme.co.uk", None, "acme.com", "co.uk", "a.b.kobe.jp"])
    assert registrable_hosts(hosts).to_list() == [
        "acme.co.uk",
        None,
        "acme.com",
        None,
        "a.b.kobe.jp",
    ]
    assert registrable_hosts(pl.Series("host", [], dtype=pl.String)).to_list() == []

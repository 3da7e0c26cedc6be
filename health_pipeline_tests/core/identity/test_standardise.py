from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.standardise import (
    domains,
    email_domain,
    email_domains,
    emails,
    normalised_domain,
    normalised_email,
    read_domain,
    read_email,
)

PUBLIC = frozenset({"gmail.com", "github.io", "sites.google.com", "etsy.com/", "*.desk.com"})


@pytest.mark.parametrize(
    ("why", "value", "expected"),
    [
        ("case and space", "  Acme.COM ", "acme.com"),
        ("a service of the company", "https://app.acme.com/login", "acme.com"),
        ("several of them", "help.support.acme.io", "acme.io"),
        ("under a country's second level", "app.acme.co.uk", "acme.co.uk"),
        ("a company that is called so", "app.co.uk", "app.co.uk"),
        ("two labels are never cut", "mail.ru", "mail.ru"),
        ("a subdomain is its company", "eu.acme.com", "acme.com"),
        ("a city that is registrable itself", "www.city.kobe.jp", "city.kobe.jp"),
        ("scheme, www, path", "https://www.acme.com/about?x=1#y", "acme.com"),
        ("port is no scheme", "acme.com:8443", "acme.com"),
        ("port after scheme", "http://acme.com:80/", "acme.com"),
        ("credentials in a URL", "https://me:secret@acme.com/", "acme.com"),
        ("an @ in a path is a path", "https://acme.com/@ann", "acme.com"),
        ("an address is accepted", "sales@Acme.com", "acme.com"),
        ("mailto", "mailto:sales@acme.com", "acme.com"),
        ("protocol-relative", "//acme.com/x", "acme.com"),
        ("trailing dot", "acme.com.", "acme.com"),
        ("umlauts become ASCII", "müller.de", "xn--mller-kva.de"),
        ("decomposed umlauts", "mu\u0308ller.de", "xn--mller-kva.de"),
        ("already ASCII", "xn--mller-kva.de", "xn--mller-kva.de"),
        ("capital umlauts", "MÜLLER.de", "xn--mller-kva.de"),
        ("sharp s is not ss: two registrations", "straße.de", "xn--strae-oqa.de"),
        ("wholly Cyrillic is another host", "аррӏе.com", "xn--80ak6aa92e.com"),
        ("Chinese under a Chinese suffix", "www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("ideographic full stop", "acme。com", "acme.com"),
        ("www alone is a name", "www.com", "www.com"),
        ("customer of a shared host", "acme.myshopify.com", "acme.myshopify.com"),
        ("company under a private suffix", "www.acme.uk.com", "acme.uk.com"),
        ("public mailbox", "gmail.com", None),
        ("a host of it", "mail.GMAIL.com", None),
        ("public host", "https://www.github.io", None),
        ("below a host that is listed as public", "acme.github.io", None),
        ("a listed host of a company", "sites.google.com/view/acme", None),
        ("other hosts of that company", "maps.google.com", "google.com"),
        ("the company that lends pages", "https://www.etsy.com/", "etsy.com"),
        ("… in a language", "https://etsy.com/de-DE/?x=/y", "etsy.com"),
        ("… by its page about itself", "etsy.com/about-us.html#team", "etsy.com"),
        ("… by an address", "ann@etsy.com", "etsy.com"),
        ("a page that it lends", "https://www.Etsy.com/shop/acme", None),
        ("… behind a port", "etsy.com:443//acme", None),
        ("… by other slashes", "etsy.com\\acme", None),
        ("… of a host below", "shop.etsy.com/de/acme", None),
        ("the company that lends hosts", "desk.com/acme", "desk.com"),
        ("… and its services", "app.desk.com", "desk.com"),
        ("a host that it lends", "https://acme.desk.com/x", None),
        ("… with www", "www.Acme.desk.com", None),
        ("public suffix", "co.uk", None),
        ("its www", "www.myshopify.com", None),
        ("full-width letters", "ａｃｍｅ．com", None),
        ("mixed scripts", "аcme.com", None),
        ("mixed scripts as punycode", "xn--cme-7cd.com", None),
        ("punycode that says nothing", "xn--a.com", None),
        ("zero-width space", "ac\u200bme.com", None),
        ("empty", "", None),
        ("no top level", "localhost", None),
        ("a top level of private networks", "acme.local", None),
        ("IP address", "10.0.0.1", None),
        ("empty label", "acme..com", None),
        ("leading dot", ".acme.com", None),
        ("hyphen at an end", "-acme.com", None),
        ("underscore", "ac_me.com", None),
        ("two addresses", "a@acme.com, b@beta.io", None),
        ("two @", "a@b@acme.com", None),
        ("words", "not a domain", None),
        ("label too long", "a" * 64 + ".com", None),
        ("the longest host", "a." * 125 + "com", "a.com"),
        ("host too long", "a." * 125 + "info", None),
        ("10,000 characters", "a" * 10_000, None),
        ("placeholder", "n/a", None),
    ],
)
def test_normalised_domain(why, value, expected):
    assert normalised_domain(value, PUBLIC) == expected, why
    assert domains(pl.Series("x", [value, None]), PUBLIC).to_list() == [expected, None], why


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", ""),
        ("acme.com", ""),
        ("gmail.com", "a public mailbox or shared host, which is nobody's own domain"),
        ("etsy.com/acme", "a page on etsy.com, which may be anybody's"),
        ("acme.desk.com", "a host that desk.com lends to a customer"),
        ("co.uk", "a public suffix, or a top level of private networks"),
        ("not a domain", "not a domain"),
        ("a" * 300 + ".com", "not a domain: too long"),
        ("аcme.com", "word mixes scripts: аcme"),
    ],
)
def test_why_a_value_is_no_domain(value, why):
    assert read_domain(value, PUBLIC).why == why


@pytest.mark.parametrize(
    ("why", "value", "domain", "key"),
    [
        ("plain", " Ann@Acme.com ", "acme.com", "ann@acme.com"),
        ("subdomain", "ann@eu.acme.com", "acme.com", "ann@eu.acme.com"),
        ("public", "ann@gmail.com", None, "ann@gmail.com"),
        ("tags and dots stay", "a.nn+news@acme.com", "acme.com", "a.nn+news@acme.com"),
        ("apostrophe", "o'neill@acme.com", "acme.com", "o'neill@acme.com"),
        ("one letter", "a@acme.com", "acme.com", "a@acme.com"),
        ("umlauts", "ann@müller.de", "xn--mller-kva.de", "ann@xn--mller-kva.de"),
        ("Cyrillic person", "анна@acme.com", "acme.com", "анна@acme.com"),
        ("no address", "acme.com", None, None),
        ("no local part", "@acme.com", None, None),
        ("no host", "ann@", None, None),
        ("no top level", "ann@localhost", None, None),
        ("two @", "ann@beta.io@acme.com", None, None),
        ("blank inside", "ann lee@acme.com", None, None),
        ("quotes", '"ann"@acme.com', None, None),
        ("a spreadsheet's quote", "'ann@acme.com'", None, None),
        ("brackets", "<ann@acme.com>", None, None),
        ("mixed scripts", "аnn@acme.com", None, None),
        ("full width", "ａnn@acme.com", None, None),
        ("10,000 characters", "a" * 10_000 + "@acme.com", None, None),
    ],
)
def test_emails(why, value, domain, key):
    assert email_domain(value, PUBLIC) == domain, why
    assert normalised_email(value) == key, why
    assert emails(pl.Series("x", [None, value])).to_list() == [None, key], why
    assert email_domains(pl.Series("x", [value]), PUBLIC).to_list() == [domain], why
    assert bool(read_email(value).why) == (key is None), why


WRITTEN = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="aAbgiz.-@:/ ?#xn1éØаｂ\u200b。", max_size=24),
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(["", "https://", "HTTP://", "//", "mailto:", "a@", "https://u:p@", " "]),
        st.sampled_from(["", "www.", "app.", "x.y.", "WWW."]),
        st.sampled_from(
            ["acme", "Müller", "gmail", "sites.google", "аcme", "xn--mller-kva", "etsy", "desk"]
        ),
        st.sampled_from([".com", ".co.uk", ".github.io", ".local", ".食狮.公司.cn", "", ".com."]),
        st.sampled_from(
            ["", "/", "/x@y", "/De/", "/about?q", ":80/x", "?q", "#a", "\\", " ", "\n", "@"]
        ),
    ),
)


@settings(deadline=None)
@given(st.lists(st.none() | WRITTEN, max_size=12))
def test_columns_are_the_functions_and_keep_nulls_and_order(values):
    column = pl.Series("x", values, dtype=pl.String)

    def each(function):
        return [None if value is None else function(value) for value in values]

    assert domains(column, PUBLIC).to_list() == each(lambda v: normalised_domain(v, PUBLIC))
    assert emails(column).to_list() == each(normalised_email)
    assert email_domains(column, PUBLIC).to_list() == each(lambda v: email_domain(v, PUBLIC))


@settings(deadline=None)
@given(WRITTEN)
def test_a_key_is_written_as_it_is_compared(value):
    key = normalised_domain(value, PUBLIC)
    assert key is None or normalised_domain(key, PUBLIC) == key
    address = normalised_email(value)
    assert address is None or normalised_email(address) == address

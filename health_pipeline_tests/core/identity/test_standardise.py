from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.identity.standardise import (
    domains,
    email_domain,
    names,
    normalised_domain,
    normalised_email,
    normalised_name,
)

PUBLIC = frozenset({"gmail.com", "github.io"})
FORMS = ("inc", "incorporated", "gmbh", "co", "kg", "ltd", "pty ltd", "s.a.", "limited", "corp")


@pytest.mark.parametrize(
    ("why", "value", "expected"),
    [
        ("case and space", "  Acme.COM ", "acme.com"),
        ("a service of the company", "https://app.acme.com/login", "acme.com"),
        ("several of them", "help.support.acme.io", "acme.io"),
        ("under a country's second level", "app.acme.co.uk", "acme.co.uk"),
        ("a company that is called so", "app.co.uk", "app.co.uk"),
        ("two labels are never cut", "mail.ru", "mail.ru"),
        ("scheme, www, path", "https://www.acme.com/about?x=1#y", "acme.com"),
        ("port is no scheme", "acme.com:8443", "acme.com"),
        ("port after scheme", "http://acme.com:80/", "acme.com"),
        ("credentials in a URL", "https://me:secret@acme.com/", "acme.com"),
        ("an address is accepted", "sales@Acme.com", "acme.com"),
        ("mailto", "mailto:sales@acme.com", "acme.com"),
        ("protocol-relative", "//acme.com/x", "acme.com"),
        ("trailing dot", "acme.com.", "acme.com"),
        ("subdomains differ", "eu.acme.com", "eu.acme.com"),
        ("umlauts become ASCII", "müller.de", "xn--mller-kva.de"),
        ("already ASCII", "xn--mller-kva.de", "xn--mller-kva.de"),
        ("full-width letters", "ａｃｍｅ．com", "acme.com"),
        ("ideographic full stop", "acme。com", "acme.com"),
        ("public mailbox", "gmail.com", None),
        ("public host", "https://www.github.io", None),
        ("customer of a public host", "acme.github.io", "acme.github.io"),
        ("empty", "", None),
        ("no top level", "localhost", None),
        ("IP address", "10.0.0.1", None),
        ("empty label", "acme..com", None),
        ("underscore", "ac_me.com", None),
        ("words", "not a domain", None),
        ("label too long", "a" * 64 + ".com", None),
        ("placeholder", "n/a", None),
    ],
)
def test_normalised_domain(why, value, expected):
    assert normalised_domain(value, PUBLIC) == expected, why


@pytest.mark.parametrize(
    ("why", "value", "expected"),
    [
        ("case", "ACME", "acme"),
        ("legal form", "Acme, Inc.", "acme"),
        ("several forms", "Acme Holding GmbH & Co. KG", "acme holding"),
        ("form of two words", "Acme Pty Ltd", "acme"),
        ("dotted form", "Acme S.A.", "acme"),
        ("the form is the name", "Inc", "inc"),
        ("forms only at the end", "Co Op Bank", "co op bank"),
        ("leading article", "The Acme Corp", "acme"),
        ("the article is the name", "The", "the"),
        ("accents", "Société Générale", "societe generale"),
        ("letters that do not decompose", "Ørsted Łódź", "orsted lodz"),
        ("sharp s", "Straße AG", "strasse ag"),
        ("apostrophe", "O'Neill’s", "oneills"),
        ("ampersand is and", "Smith & Sons", "smith and sons"),
        ("hyphen and slash", "Foo-Bar/Baz", "foo bar baz"),
        ("full-width", "ＡＣＭＥ", "acme"),
        ("Chinese stays", "华为技术有限公司", "华为技术有限公司"),
        ("voiced kana stay", "ガス", "ガス"),
        ("Cyrillic short i stays", "Край", "край"),
        ("nothing but signs", " - . ", None),
        ("empty", "", None),
    ],
)
def test_normalised_name(why, value, expected):
    assert normalised_name(value, FORMS) == expected, why


@pytest.mark.parametrize(
    ("why", "value", "domain", "key"),
    [
        ("plain", " Ann@Acme.com ", "acme.com", "ann@acme.com"),
        ("public", "ann@gmail.com", None, "ann@gmail.com"),
        ("no address", "acme.com", None, None),
        ("no local part", "@acme.com", None, None),
        ("blank inside", "ann lee@acme.com", "acme.com", None),
    ],
)
def test_emails(why, value, domain, key):
    assert email_domain(value, PUBLIC) == domain, why
    assert normalised_email(value) == key, why


def test_series_are_the_functions_and_keep_nulls_and_order():
    values = pl.Series("x", ["Acme Inc", None, "gmail.com", "acme inc.", "beta.io"])
    assert names(values, FORMS).to_list() == [
        None if v is None else normalised_name(v, FORMS) for v in values
    ]
    assert domains(values, PUBLIC).to_list() == [
        None if v is None else normalised_domain(v, PUBLIC) for v in values
    ]
    assert domains(pl.Series("x", [None, None], dtype=pl.String), PUBLIC).to_list() == [None, None]

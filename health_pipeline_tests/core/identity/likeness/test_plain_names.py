"""What is read as columns is what is read name by name."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.landed import RECORD, with_rec
from health_pipeline.core.identity.likeness.bulk import kinds, plain_initials, plain_texts
from health_pipeline.core.identity.likeness.forms import (
    Form,
    domain_forms,
    name_forms,
)
from health_pipeline.core.identity.likeness.keys import (
    common_words,
    form_rows,
    forms_of,
    keys_of,
)
from health_pipeline.core.identity.likeness.search import LEFTOVERS
from health_pipeline.core.identity.likeness.words import PLACES, SOFT, TRADES, kind_of
from health_pipeline.core.identity.records import account_records
from health_pipeline_tests.core.identity.likeness import plain_keys
from health_pipeline_tests.core.identity.tables import account, landed

_LATIN = "the The Acme AcmeLabs Labs Technologies Technolgies Group Bank India Co A x 7 365 of and"
_FORMS = "GmbH gmbh LLC Inc sp z o.o. oo B.V. S.A. a.b. Pty Ltd Ltd."
_OTHERS = "& , – AT&T Ökobank (Acme) Arubanetworks Acmebank SoftBank Cloudcloud"
WORDS = st.sampled_from(f"{_LATIN} {_FORMS} {_OTHERS}".split())
GAPS = st.sampled_from([" ", " ", " ", "", ", ", ",", "  "])
NAMES = st.lists(st.tuples(WORDS, GAPS), min_size=1, max_size=5).map(
    lambda parts: "".join(word + gap for word, gap in parts).strip()
)


@settings(deadline=None, max_examples=300)
@example("Acme Labs, LLC")
@example("Acme B.V.")
@example("The Acme GmbH")
@example("AcmeLabs Inc")
@example("Acme Acme Labs the")
@example("Acme Acme Acme Acme Acme Acme Acme Acme Labs")  # too many initials, but for the last
@given(NAMES)
def test_a_plain_name_has_the_form_of_its_words(name):
    texts = plain_texts(pl.Series([name])).drop_nulls()
    for text, initials in zip(texts, plain_initials(texts), strict=True):
        assert [Form(tuple(text.split(" ")), initials=tuple(initials.split()))] == name_forms(name)


HOSTS = st.sampled_from(
    [
        "acme.com",
        "acme-labs.com",
        "eu.acme.com",
        "x",
        "acme.co.uk",
        "ümlaut.de",
        "global.toyota",
        "cloud.com",
        "global.info",
        "acme.cloud",
    ]
)


@pytest.mark.parametrize("form", ["OÜ", "OUE", "Ou"])
def test_a_legal_form_is_left_out_however_its_umlaut_is_written(form):
    assert name_forms(f"Acme {form}")[0].words == ("acme",)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(NAMES.map(lambda n: ("name", n)), HOSTS.map(lambda h: ("domain", h)))))
def test_values_read_at_once_have_the_forms_of_each(values):
    rows = [(rec, kind, value) for rec, (kind, value) in enumerate(values)]
    read = forms_of(pl.DataFrame(rows, schema=["rec", "kind", "value"], orient="row").cast(
        {"rec": pl.Int64, "kind": pl.String, "value": pl.String}))  # fmt: skip
    said = read.forms.with_columns(pl.int_range(pl.len()).alias("form"))
    found = read.held.join(said, on="form").drop("form")
    each = form_rows(
        (rec, form)
        for rec, kind, value in rows
        for form in (domain_forms(value) if kind == "domain" else name_forms(value))
    )
    assert sorted(found.rows()) == sorted(each.unique().rows())
    assert read.names == each.height
    assert not read.forms.is_duplicated().any()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(sorted(SOFT | TRADES | PLACES)), max_size=20), st.randoms())
def test_kinds_of_words_at_once_are_those_of_each(listed, rng):
    def misspelt(word: str) -> str:
        at = rng.randrange(len(word) + 1)
        return word[:at] + rng.choice(["", "x", "z0", "ü"]) + word[at + rng.randrange(2) :]

    words = list(dict.fromkeys([*listed, *map(misspelt, listed), "", "gmbh", "acme", "a"]))
    assert kinds(pl.Series(words)).to_list() == [kind_of(word) for word in words]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme Labs", "acme labs"),
        ("Acme Labs GmbH", "acme labs"),
        ("Acme 7, LLC", "acme 7"),
        ("Acme B.V.", "acme"),
        ("The Acme", None),
        ("AcmeLabs", None),
        ("Acme Pty Ltd", None),
        ("Ökobank", None),
        ("", None),
        (None, None),
    ],
)
def test_which_names_are_plain(name, expected):
    assert plain_texts(pl.Series([name], dtype=pl.String)).to_list() == [expected]


@settings(deadline=None, max_examples=100)
@given(st.lists(NAMES, min_size=1, max_size=20), st.lists(NAMES, max_size=3))
def test_keys_as_columns_are_the_keys_one_by_one(names, domains):
    forms = [form for name in names for form in name_forms(name)]
    forms += [form for name in domains for form in domain_forms(f"{name.replace(' ', '-')}.com")]
    forms = list(dict.fromkeys([*forms, Form(("acme",), initials=("ab", "cd"))]))
    columns = form_rows(enumerate(forms)).drop("row")
    common = common_words(columns, 1) | {"acmelabs"}
    found = keys_of(columns, common)
    told = found.found.join(found.leftovers(found.found["row"]), on="row")
    at_once = told.select("form", "how", "key", "rest", *LEFTOVERS).rows()
    one_by_one = [
        (i, *key) for i, form in enumerate(forms) for key in plain_keys.keys_of(form, common)
    ]
    assert sorted(set(at_once)) == sorted(set(one_by_one))


KEYS = st.builds("{}:{}".format, st.sampled_from(["crm", "bill"]), st.integers(1, 3))


@settings(deadline=None)
@given(
    st.lists(st.builds(account, KEYS, st.integers(1, 9), name=st.sampled_from([None, "A", "B"])))
)
def test_records_are_numbered_by_their_names(rows):
    table = landed("accounts", account("crm:1", 1, name="A"), *rows)
    records = account_records({"accounts": table})
    joined = table.join(records.select(*RECORD, "rec"), on=RECORD, maintain_order="left")
    assert with_rec(table, records).equals(joined.select(*table.columns, "rec"))
    assert (
        with_rec(table, records.filter(pl.col("rec") > 0)).height
        == joined.filter(pl.col("rec") > 0).height
    )
    latest = table.group_by(RECORD).agg(
        pl.col("name").sort_by("known_at", "name").drop_nulls().last(), pl.col("known_at").min()
    )
    both = latest.sort(RECORD), records.select(latest.columns).sort(RECORD)
    assert both[0].equals(both[1])

"""What is read as columns is what is read name by name."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.landed import RECORD, with_rec
from health_pipeline.core.identity.likeness.bulk import plain_texts
from health_pipeline.core.identity.likeness.forms import (
    Form,
    common_words,
    domain_forms,
    name_forms,
    plain_form,
)
from health_pipeline.core.identity.likeness.keys import keys_of
from health_pipeline.core.identity.likeness.search import LEFTOVERS
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
@given(NAMES)
def test_a_plain_name_has_the_form_of_its_words(name):
    (text,) = plain_texts(pl.Series([name]))
    if text is not None:
        assert [plain_form(text)] == name_forms(name)


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
    common = common_words(forms, 1) | {"acmelabs"}
    found = keys_of(forms, common)
    told = found.found.join(found.leftovers(found.found["row"]), on="row")
    columns = told.select("form", "how", "key", "rest", *LEFTOVERS).rows()
    one_by_one = [
        (i, *key) for i, form in enumerate(forms) for key in plain_keys.keys_of(form, common)
    ]
    assert sorted(set(columns)) == sorted(set(one_by_one))


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

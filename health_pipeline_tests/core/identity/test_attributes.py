"""Attributes of accounts, against the rule told record by record."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.core.identity.attributes import ATTRIBUTES, attributes
from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline_tests.core.identity.tables import RULES, at

SOURCES = ("hubspot", "stripe", "app", "other", "another")
PLANS = st.none() | st.sampled_from(("Growth", "Starter"))
OWNERS = st.none() | st.sampled_from(("one@us.com", "two@us.com"))
WHO = {"account_id": st.sampled_from("abc"), "source": st.sampled_from(SOURCES)}
RECORDS = st.lists(st.fixed_dictionaries({**WHO, "plan": PLANS, "owner_email": OWNERS}), max_size=8)
TERMS = st.none() | st.lists(
    st.fixed_dictionaries({**WHO, "plan": PLANS, "arr": st.none() | st.integers(1, 3)}),
    max_size=8,
)
Row = dict[str, Any]


def rank(source: str, attribute: str) -> int:
    order = RULES.precedence.get(attribute, RULES.precedence["default"])
    names = {source, RULES.roles.get(source)}
    return next((n for n, name in enumerate(order) if name in names), len(order))


def told(records: list[Row], terms: list[Row], account: str, attribute: str) -> object:
    """The value of the most trusted source that has one; of its records that of the latest."""
    mine = [row for row in records if row["account_id"] == account]
    if attribute == "plan":
        theirs = sorted(
            (row for row in terms if row["account_id"] == account),
            key=lambda row: (row["arr"] is None, -(row["arr"] or 0), -row["n"]),
        )
        mine += {row["source"]: row for row in reversed(theirs)}.values()
    mine.sort(key=lambda r: (rank(r["source"], attribute), r["source"], -r["known_at"].timestamp()))
    return next((row[attribute] for row in mine if row[attribute] is not None), None)


@given(records=RECORDS, terms=TERMS)
@settings(max_examples=300, deadline=None)
def test_each_attribute_is_what_the_most_trusted_source_says(records, terms):
    rows = [*records, *(terms or ())]
    for n, row in enumerate(rows, start=1):  # no two are known at one moment
        row |= {
            "n": n,
            "known_at": at(n),
            "source_account_id": str(n),
            "subscription_id": str(n),
            "starts_on": date(2025, 1, n),
        }
    types = dict.fromkeys(("account_id", "source", "source_account_id", "plan"), pl.String())
    types["known_at"] = TIMESTAMP
    accounts = pl.DataFrame(records, schema={**types, "owner_email": pl.String()})
    more = {"arr": pl.Float64(), "starts_on": pl.Date(), "subscription_id": pl.String()}
    signed = None if terms is None else pl.DataFrame(terms, schema={**types, **more})
    found = attributes(accounts, signed, RULES)
    assert found.columns == ["account_id", *ATTRIBUTES]
    assert found["account_id"].to_list() == sorted({row["account_id"] for row in rows})
    for row in found.iter_rows(named=True):
        for attribute in ("plan", "owner_email"):
            want = told(records, terms or [], row["account_id"], attribute)
            assert row[attribute] == want, (row["account_id"], attribute)


def test_of_two_terms_alike_the_first_by_id_has_the_plan_in_any_order():
    same = {"account_id": "a", "source": "stripe", "source_account_id": "1", "known_at": at(1)}
    rows = [
        {**same, "subscription_id": number, "plan": plan, "arr": 9.0, "starts_on": date(2025, 1, 1)}
        for number, plan in (("s1", "Growth"), ("s2", "Starter"))
    ]
    terms = pl.DataFrame(rows, schema_overrides={"known_at": TIMESTAMP})
    accounts = terms.select(*same).head(0)
    for signed in (terms, terms.reverse()):
        assert attributes(accounts, signed, RULES)["plan"].to_list() == ["Growth"]

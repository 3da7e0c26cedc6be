from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.likeness.propose import LIKELY, likely_pairs

RULES = Likeness(link_above=0.85)

Row = tuple[str, int, str, str | None]
"""Source, account, name, domain; its place is its rec."""


def likely(rows: list[Row], rules: Likeness = RULES) -> pl.DataFrame:
    groups = [group for _, group, *_ in rows]
    records = pl.DataFrame(
        {
            "rec": range(len(rows)),
            "source": [source for source, *_ in rows],
            "group": groups,
            "alone": [groups.count(group) == 1 for group in groups],
        },
        {"rec": pl.Int64, "source": pl.String, "group": pl.Int64, "alone": pl.Boolean},
    )
    values = [
        (i, kind, value)
        for i, (_, _, name, domain) in enumerate(rows)
        for kind, value in (("name", name), ("domain", domain))
    ]
    shape = {"rec": pl.Int64, "kind": pl.String, "value": pl.String}
    return likely_pairs(records, pl.DataFrame(values, shape, orient="row"), rules)


NAMES = ("Quovadis", "Brightline", "Halcyon", "Norvento", "Tessellate", "Umbriel", "Wexford")
OTHERS: list[Row] = [("crm", 50 + i, f"{name} AG", None) for i, name in enumerate(NAMES)]


@pytest.mark.parametrize(
    ("why", "rows", "links"),
    [
        ("a branch finds the account of two systems",
         [("billing", 1, "Vortexa India", None), ("crm", 2, "Vortexa", None),
          ("support", 2, "Vortexa", None)], [(0, 1)]),
        ("two that are alone find each other",
         [("billing", 1, "Vortexa Systems", None), ("crm", 2, "Vortexa", None)], [(0, 1)]),
        ("never two records of one source",
         [("crm", 1, "Vortexa India", None), ("crm", 2, "Vortexa", None)], []),
        ("nor through another source",
         [("crm", 1, "Vortexa India", None), ("crm", 2, "Vortexa Systems", None),
          ("billing", 3, "Vortexa", None)], []),
        ("nor where the account holds one of that source",
         [("crm", 1, "Vortexa India", None), ("crm", 2, "Vortexa", None),
          ("billing", 2, "Vortexa", None)], []),
        ("never where domains disagree",
         [("billing", 1, "Vortexa India", "vortexa.in"), ("crm", 2, "Vortexa", "vortexa.com")], []),
        ("two companies in one name",
         [("billing", 1, "Vortexa, Quovadis", None), ("crm", 2, "Vortexa", None)], []),
    ],
)  # fmt: skip
def test_links(why, rows, links):
    found = likely([*rows, *OTHERS])
    assert sorted(map(tuple, found.filter("link").select(
        pl.min_horizontal("left", "right").alias("a"), pl.max_horizontal("left", "right").alias("b")
    ).rows())) == links, why  # fmt: skip
    assert found.schema == pl.Schema(LIKELY)


def test_what_is_not_linked_for_its_source_or_domain_is_shown():
    found = likely([("billing", 1, "Vortexa India", "vortexa.in"),
                    ("crm", 2, "Vortexa", "vortexa.com"), *OTHERS])  # fmt: skip
    assert found.select("left", "right").rows() == [(0, 1)]
    assert found["why"][0].endswith("different domains")


def test_sites_with_different_numbers_are_two():
    """However many sites there are: "site" follows many names, and tells nothing any more."""
    sites: list[Row] = [("crm", 100 + n, f"{name} site {n}", None) for n, name in enumerate(NAMES)]
    rows: list[Row] = [("billing", 1, "Vortexa site 80", None), ("crm", 2, "Vortexa site 12", None)]
    assert likely([*rows, *sites]).is_empty()
    same = likely([("billing", 1, "Vortexa site 80", None), ("app", 2, "Vortexa  Site 80", None)])
    assert same["link"].to_list() == [True]


def test_what_one_system_calls_often_is_no_common_name():
    branches: list[Row] = [("typed", n, f"Vortexa {place}", None) for n, place in enumerate(
        ("India", "Japan", "Canada", "Brazil", "Chile", "Peru", "Spain", "Italy"))]  # fmt: skip
    found = likely([*branches, ("crm", 50, "Vortexa", None), *OTHERS[1:]])
    assert found.height == len(branches)
    assert found["probability"].min() > 0.85  # type: ignore[operator]
    assert not found["link"].any(), "they would be eight records of one system"


def test_a_pair_of_one_source_is_not_even_shown():
    assert likely([("crm", 1, "Vortexa India", None), ("crm", 2, "Vortexa", None)]).is_empty()


def test_nothing_in_nothing_out():
    assert likely([]).schema == pl.Schema(LIKELY)


def test_each_pair_once():
    found = likely([("billing", 1, "Vortexa Systems", None), ("crm", 2, "Vortexa", None), *OTHERS])
    pairs = [tuple(sorted(pair)) for pair in found.select("left", "right").rows()]
    assert len(pairs) == len(set(pairs)) == 1

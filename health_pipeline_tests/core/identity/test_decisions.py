"""What people decide: which decisions count, what they join, what they keep apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import polars as pl
import pytest

from health_pipeline.core.identity.decisions import (
    NO_DECISIONS,
    decision,
    in_force,
    listed,
    table_of_decisions,
    undone,
)
from health_pipeline.core.identity.ids import account_id_of
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.resolve import accounts_of, resolve
from health_pipeline.core.identity.why import why
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    link,
)

START = datetime(2026, 2, 1, tzinfo=UTC)


def decided(*said: str):
    """Decisions like "merge crm:1 app:9", "split app:9 crm:1", "undo 0" (its place), in order."""
    found = []
    for n, text in enumerate(said):
        kind, *sides = text.split(" ")
        undoes = found[int(sides[0])].id if kind == "undo" else None
        pair = [tuple(one.split(":")) for one in sides] if kind != "undo" else [None, None]
        moment = START + timedelta(days=n)
        found.append(
            decision(kind, *pair, undoes=undoes, author="dana", at=moment, reason=f"reason {n}")
        )
    return found


COUNTS = [
    ("a decision counts", ["merge a:1 b:1"], [0]),
    ("the last one about a pair", ["merge a:1 b:1", "split b:1 a:1"], [1]),
    ("and back again", ["merge a:1 b:1", "split b:1 a:1", "merge a:1 b:1"], [2]),
    ("other pairs are other questions", ["merge a:1 b:1", "split b:1 c:1"], [0, 1]),
    ("one that is undone does not", ["merge a:1 b:1", "undo 0"], []),
    ("then the one before it does", ["merge a:1 b:1", "split a:1 b:1", "undo 1"], [0]),
    ("an undo may be undone", ["merge a:1 b:1", "undo 0", "undo 1"], [0]),
    ("and that undo, too", ["merge a:1 b:1", "undo 0", "undo 1", "undo 2"], []),
]


@pytest.mark.parametrize(("why_", "said", "expected"), COUNTS, ids=[c[0] for c in COUNTS])
def test_which_decisions_count_in_any_order_of_replay(why_, said, expected):
    made = decided(*said)
    for order in permutations(made):
        assert in_force(table_of_decisions(order)) == [made[n] for n in expected], why_


def test_an_undo_takes_back_only_what_came_before_it():
    (later,) = decided("merge a:1 b:1")
    early = decision(
        "undo", None, None, undoes=later.id, author="x", at=START - timedelta(1), reason="early"
    )
    assert undone(listed(table_of_decisions([early, later]))) == {}


def test_replaying_a_decision_twice_is_once():
    made = decided("merge a:1 b:1", "split a:1 b:1")
    assert table_of_decisions([*made, *made]).equals(table_of_decisions(made))


SAME = {"domain": "acme.com"}
THREE = [
    account("crm:1", 1, **SAME),
    account("app:9", 2, **SAME),
    account("bill:7", 3, **SAME),
]
LINKED = [link("app:9", "account_id", "7", linked_source="bill")]
OUTCOMES = [
    # why, accounts, links, decisions, groups
    ("a merge joins what no key joins", [account("crm:1"), account("app:9")], [],
     ["merge app:9 crm:1"], ["crm:1 app:9"]),
    ("an undone merge joins nothing", [account("crm:1"), account("app:9")], [],
     ["merge app:9 crm:1", "undo 0"], ["crm:1", "app:9"]),
    ("a merge of a record that is not landed waits", [account("crm:1")], [],
     ["merge app:9 crm:1"], ["crm:1"]),
    ("a record leaves, the others stay together", THREE, [],
     ["split bill:7 crm:1"], ["crm:1 app:9", "bill:7"]),
    ("so does the one that was known first", THREE, [],
     ["split crm:1 app:9"], ["app:9 bill:7", "crm:1"]),
    ("an undone split splits nothing", THREE, [],
     ["split bill:7 crm:1", "undo 0"], ["crm:1 app:9 bill:7"]),
    ("a more trusted key decides with whom the others go", THREE, LINKED,
     ["split bill:7 crm:1"], ["crm:1", "app:9 bill:7"]),
    ("no path leads around a split",
     [*THREE, account("zd:5", 4, **SAME), account("zd:5", 5, domain="acme.io"),
      account("bill:7", 6, domain="acme.io")], [],
     ["split bill:7 crm:1"], ["crm:1 app:9 zd:5", "bill:7"]),
    ("a name means two accounts where a person keeps them apart",
     [account("crm:1", 1, name="Acme"), account("app:9", 2, name="Acme"),
      account("bill:7", 3, name="Acme")], [],
     ["split app:9 crm:1"], ["crm:1", "app:9", "bill:7"]),
    ("a merge is stronger than domains that differ",
     [account("crm:1", name="Acme", domain="acme.com"), account("app:9", domain="acme.io")], [],
     ["merge crm:1 app:9"], ["crm:1 app:9"]),
]  # fmt: skip


def groups(xref: pl.DataFrame) -> set[frozenset[str]]:
    frame = xref.group_by("account_id").agg(
        pl.format("{}:{}", "source", "source_account_id").alias("records")
    )
    return {frozenset(records) for records in frame["records"]}


def tables(accounts, links):
    more = {"account_links": landed("account_links", *links)} if links else {}
    return {"accounts": landed("accounts", *accounts), **more}


@pytest.mark.parametrize(
    ("why_", "accounts", "links", "said", "expected"), OUTCOMES, ids=[c[0] for c in OUTCOMES]
)
def test_what_decisions_make_of_records(why_, accounts, links, said, expected):
    made = table_of_decisions(decided(*said))
    found = resolve(tables(accounts, links), RULES, NO_REGISTRY, made)
    assert groups(found.account_xref) == {frozenset(one.split()) for one in expected}, why_


def test_a_refused_link_is_left_to_a_person_with_the_decision():
    made = decided("split bill:7 crm:1")
    found = resolve(tables(THREE, []), RULES, NO_REGISTRY, table_of_decisions(made))
    (why_,) = found.review["why"]
    said = f"kept apart by decision {made[0].id} by dana on 2026-02-01: reason 0"
    assert why_ == f"{said}: domain=acme.com"


def test_a_merge_is_evidence_as_any_rule():
    made = decided("merge app:9 crm:1")
    found = resolve(
        tables([account("crm:1"), account("app:9", 2)], []),
        RULES,
        NO_REGISTRY,
        table_of_decisions(made),
    )
    row = found.account_xref.filter(source="app").row(0, named=True)
    assert (row["rule"], row["confidence"], row["linked_at"]) == ("manual", 1.0, START)
    assert row["evidence"] == f"decision {made[0].id} by dana on 2026-02-01: reason 0"


CLAIMS = [
    # why, links, decisions, groups, reasons
    ("two records of one system claim a record of another",
     [("bill:1", "1", "crm"), ("bill:2", "1", "crm")], [],
     ["crm:1", "bill:1", "bill:2"], ["two records of bill claim crm:1"] * 2),
    ("records of different systems do not contradict each other",
     [("bill:1", "1", "crm"), ("app:1", "1", "crm")], [], ["crm:1 bill:1 app:1"], []),
    ("a third system's claim stands",
     [("bill:1", "1", "crm"), ("bill:2", "1", "crm"), ("app:1", "1", "crm")], [],
     ["crm:1 app:1", "bill:1", "bill:2"], ["two records of bill claim crm:1"] * 2),
    ("inside one system it is that system's own merge",
     [("crm:2", "1", "crm"), ("crm:3", "1", "crm")], [], ["crm:1 crm:2 crm:3"], []),
    ("a person says that both are one",
     [("bill:1", "1", "crm"), ("bill:2", "1", "crm")], ["merge bill:1 bill:2"],
     ["crm:1 bill:1 bill:2"], []),
    ("a person says which one it is not",
     [("bill:1", "1", "crm"), ("bill:2", "1", "crm")], ["split bill:2 crm:1"],
     ["crm:1 bill:1", "bill:2"], ["kept apart by decision"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why_", "claims", "said", "expected", "reasons"), CLAIMS, ids=[c[0] for c in CLAIMS]
)
def test_foreign_keys_that_contradict_each_other(why_, claims, said, expected, reasons):
    links = [link(key, "account_id", value, linked_source=of) for key, value, of in claims]
    rows = [account("crm:1"), *(account(key, 2) for key, _, _ in claims)]
    made = table_of_decisions(decided(*said))
    found = resolve(tables(rows, links), RULES, NO_REGISTRY, made)
    assert groups(found.account_xref) == {frozenset(one.split()) for one in expected}, why_
    told = found.review["why"].to_list()
    assert [text.startswith(reason) for text, reason in zip(told, reasons, strict=True)] == [
        True for _ in reasons
    ]


LIKELY = RULES.model_copy(update={"likeness": Likeness(link_above=0.85)})


def test_likeness_comes_after_all_exact_rules_and_below_decisions():
    rows = [
        account("crm:1", 1, name="Vortexa"), account("app:9", 2, name="Vortexa Systems"),
        account("bill:7", 3, name="Halcyon"), account("zd:5", 4, name="Halcyon Group"),
        account("crm:3", 5, name="Norvento, Umbriel"), account("app:3", 6, name="Umbriel"),
    ]  # fmt: skip
    made = table_of_decisions(decided("split zd:5 bill:7"))
    found = resolve(tables(rows, []), LIKELY, NO_REGISTRY, made)
    assert groups(found.account_xref) == {
        frozenset({"crm:1", "app:9"}), frozenset({"bill:7"}), frozenset({"zd:5"}),
        frozenset({"crm:3"}), frozenset({"app:3"}),
    }  # fmt: skip
    told = found.account_xref.filter(source="app", source_account_id="9").row(0, named=True)
    assert told["rule"] == "likeness"
    assert told["confidence"] > 0.85
    assert told["evidence"].startswith("leading word 'vortexa' +")
    review = dict(found.review.select("left_source", "why").iter_rows())
    assert set(review) == {"bill", "crm"}
    assert "kept apart by decision" in review["bill"]
    assert review["crm"].endswith("names several companies")


DOUBTED = [
    # why, records: an exact rule left them to a person, and likeness decides nothing of that
    ("different domains", [account("crm:1", name="Vortexa", domain="vortexa.com"),
                           account("bill:1", name="Vortexa", domain="vortexa.in")]),
    ("a domain that looks like the other", [account("crm:1", name="Vortexa", domain="vortexa.com"),
                                            account("bill:1", name="Vortexa",
                                                    domain="vort\u0435xa.com")]),
    ("the same, and a longer name", [account("crm:1", name="Vortexa", domain="vortexa.com"),
                                     account("bill:1", name="Vortexa Group",
                                             domain="vort\u0435xa.com")]),
    ("two of one system", [account("crm:1", name="Vortexa"), account("crm:2", name="Vortexa"),
                           account("bill:1", name="Vortexa")]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rows"), DOUBTED, ids=[case[0] for case in DOUBTED])
def test_likeness_never_decides_what_an_exact_rule_leaves_open(why, rows):
    found = resolve(tables(rows, []), LIKELY, NO_REGISTRY)
    assert found.account_xref["account_id"].n_unique() == len(rows)
    assert found.review.height >= 1


def test_two_claims_of_one_id_are_not_decided_by_likeness():
    rows = [account("crm:1", name="Vortexa"), account("bill:1", name="Vortexa Group"),
            account("bill:2", name="Halcyon")]  # fmt: skip
    links = [link(f"bill:{n}", "account_id", "1", linked_source="crm") for n in (1, 2)]
    found = resolve(tables(rows, links), LIKELY, NO_REGISTRY)
    assert found.account_xref["account_id"].n_unique() == 3


def test_without_likeness_nothing_is_shown():
    rows = [account("crm:1", name="Vortexa"), account("app:9", name="Vortexa Systems")]
    shown = resolve(tables(rows, []), RULES, NO_REGISTRY)
    assert shown.review["probability"].to_list() == [pytest.approx(0.945, abs=0.001)]
    assert shown.account_xref["account_id"].n_unique() == 2
    off = RULES.model_copy(update={"likeness": None})
    assert resolve(tables(rows, []), off, NO_REGISTRY).review.is_empty()


def test_an_id_that_another_account_had_is_not_given_again():
    taken = account_id_of("app", "9")
    registry = pl.DataFrame(
        {
            "source": ["crm"],
            "source_account_id": ["1"],
            "account_id": [taken],
            "published_at": [at(1)],
        }
    )
    found = resolve(tables([account("crm:1"), account("app:9")], []), RULES, registry)
    ids = dict(found.account_xref.select("source", "account_id").iter_rows())
    assert ids["crm"] == taken
    assert ids["app"] not in (taken, account_id_of("crm", "1"))
    again = found.registry_new.with_columns(pl.lit(at(2)).alias("published_at"))
    kept = resolve(
        tables([account("crm:1"), account("app:9")], []), RULES, pl.concat([registry, again])
    )
    assert kept.account_xref.equals(found.account_xref)


def test_why_tells_the_chain_to_the_anchor():
    made = decided("merge zd:5 bill:7", "undo 0", "undo 1")
    rows = [
        account("crm:1", 1, domain="acme.com", name="Acme"),
        account("app:9", 2, domain="acme.com"),
        account("bill:7", 3),
        account("zd:5", 4),
        account("crm:2", 5, name="Acme", domain="acme.io"),
    ]
    links = [link("app:9", "account_id", "7", known=6, linked_source="bill")]
    found = accounts_of(tables(rows, links), RULES, NO_REGISTRY, table_of_decisions(made))
    told = why(found, made, ("zd", "5"))
    assert [(s.start, s.end, s.rule) for s in told.chain] == [
        (("zd", "5"), ("bill", "7"), "manual"),
        (("bill", "7"), ("app", "9"), "foreign_key"),
        (("app", "9"), ("crm", "1"), "domain"),
    ]
    assert told.anchor == told.members[0] == ("crm", "1")
    assert told.decisions == tuple(made)
    at_anchor = why(found, made, ("crm", "1"))
    assert (at_anchor.chain, at_anchor.decisions) == ((), ())
    assert [(other, text) for other, text, _ in at_anchor.doubts] == [
        (("crm", "2"), "same name, different domains: name=acme")
    ]
    with pytest.raises(LookupError, match="no record zd:6 is known"):
        why(found, made, ("zd", "6"))


def test_why_tells_the_decisions_that_chain_and_doubts_rest_on():
    made = decided("merge zd:5 crm:1", "split bill:7 zd:5", "merge crm:8 crm:9")
    rows = [account(key, n) for n, key in enumerate(("crm:1", "zd:5", "bill:7", "app:9"), start=1)]
    links = [
        link("app:9", "account_id", "5", known=6, linked_source="zd"),
        link("app:9", "account_id", "7", known=7, linked_source="bill"),
    ]
    found = accounts_of(tables(rows, links), RULES, NO_REGISTRY, table_of_decisions(made))
    told = why(found, made, ("app", "9"))
    assert [step.rule for step in told.chain] == ["foreign_key", "manual"]
    assert [other for other, _, _ in told.doubts] == [("bill", "7")]
    assert told.decisions == tuple(made[:2])


def test_no_decision_is_as_an_empty_table():
    one = resolve(tables(THREE, []), RULES, NO_REGISTRY)
    other = resolve(tables(THREE, []), RULES, NO_REGISTRY, NO_DECISIONS)
    assert one.account_xref.equals(other.account_xref)

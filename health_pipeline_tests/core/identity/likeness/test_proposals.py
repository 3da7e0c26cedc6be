from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from health_pipeline.core.identity.likeness.candidates import candidates
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.likeness.propose import proposals
from health_pipeline.core.identity.likeness.weights import HOW, LEFTOVER, probability

RULES = Likeness(link_above=0.85)
HOMOGLYPH = "\u0410pple"  # a Cyrillic A

ACCOUNTS: tuple[tuple[str, ...], ...] = (
    ("HP", "hp.com"),
    ("HPE", "hpe.com"),
    ("Delta Air Lines", "delta.com"),
    ("Delta Faucet Company",),
    ("United Airlines",),
    ("Citrix Systems", "cloud.com"),
    ("Qihoo 360 Technology", "360.cn"),
    ("21cn",),
    ("Siemens AG",),
    ("Siemens Healthineers",),
    ("Apple Inc",),
    ("Zumtobel India",),
    ("IBM",),
    ("Cloud Foundry",),
    ("Bank of America",),
    ("America First Bank",),
    ("General Motors",),
    ("Orange Polska",),
    ("Volkswagen",),
    ("Beijing JiaoTong University",),
    ("AT&T", "att.com"),
)


def names(rows: list[tuple[int, str]]) -> pl.DataFrame:
    told = [(rec, "domain" if "." in v and " " not in v else "name", v) for rec, v in rows]
    shape = {"rec": pl.Int64, "kind": pl.String, "value": pl.String}
    return pl.DataFrame(told, shape, orient="row")


def asked(query: str, accounts: tuple[tuple[str, ...], ...] = ACCOUNTS) -> list[tuple[str, bool]]:
    """The candidates of one typed name: the account's name, and whether it is linked."""
    return asked_of(pl.DataFrame({"rec": [1_000], "kind": ["name"], "value": [query]}), accounts)


def asked_of(left: pl.DataFrame, accounts: tuple[tuple[str, ...], ...]) -> list[tuple[str, bool]]:
    """The same of one record."""
    right = names([(i, value) for i, values in enumerate(accounts) for value in values])
    found = proposals(candidates(left, right.with_columns(pl.col("rec").alias("group"))), RULES)
    return [(accounts[i][0], link) for i, link in found.select("right", "link").iter_rows()]


@pytest.mark.parametrize(
    ("why", "query", "expected"),
    [
        ("the whole name, short as it is", "HP", ("HP", True)),
        ("a legal form", "Apple", ("Apple Inc", True)),
        ("a subsidiary in a country", "IBM China", ("IBM", True)),
        ("divisions of two heirs", "HP Cloud", ("HP", False)),
        ("initials are never sure", "Hewlett-Packard", ("HP", False)),
        ("initials of humps", "BJTU", ("Beijing JiaoTong University", False)),
        ("the trade too", "Delta Airlines Inc", ("Delta Air Lines", True)),
        ("two companies of one name", "Delta", ("Delta Air Lines", False)),
        ("a third of that name", "Delta Bathroom", ("Delta Faucet Company", False)),
        ("a domain leaves words out", "Delta Electronics", ("Delta Faucet Company", False)),
        ("a legal form in words", "Volkswagen Aktiengesellschaft", ("Volkswagen", True)),
        ("a small word inside", "Bank America", ("Bank of America", True)),
        ("general words without a blank", "GeneralMotors", ("General Motors", True)),
        ("letters with an and between", "AT and T", ("AT&T", True)),
        ("two that begin alike", "Siemens India", ("Siemens AG", False)),
        ("another trade", "Apple Records", ("Apple Inc", False)),
        ("another country's branch", "Orange España", ("Orange Polska", False)),
        ("the branch is not the whole", "Orange", ("Orange Polska", False)),
        ("another country's branch again", "Zumtobel Japan", ("Zumtobel India", False)),
        ("a letter of another script", HOMOGLYPH, ("Apple Inc", False)),
        ("two companies", "HP, IBM", ("IBM", False)),
        ("two companies without a comma", "IBM & Siemens", ("IBM", False)),
        ("one letter wrong", "Volkwagen", ("Volkswagen", False)),
        ("a general word that is a domain", "Cloud", ("Citrix Systems", False)),
        ("an ampersand inside", "AT&T Services", ("AT&T", True)),
        ("general words", "United", None),
        ("general words before a trade", "United Healthcare", None),
        ("general words", "Systems", None),
        ("general words", "Cloud Systems", None),
        ("a trade", "Bank", None),
        ("trades and places", "Bank of Ireland", None),
        ("a trade of one", "Motors", None),
        ("a place", "India", None),
        ("a number is no name", "360", None),
        ("numbers in front", "21viacloud", None),
        ("10,000 characters", "x" * 10_000, None),
        ("empty", "", None),
        ("blank", "   ", None),
        ("signs", "!!!", None),
    ],
)
def test_what_a_name_leads_to(why, query, expected):
    found = asked(query)
    assert (found[0] if found else None) == expected, why
    assert not any(link for _, link in found[1:]), why


@pytest.mark.parametrize(
    ("why", "query", "account"),
    [
        ("two letters", "Quelltor Robocs", "Quelltor Robotics"),
        ("a short word", "Quelltor Beach", "Quelltor Bench"),
        ("the first letter", "Quelltor Lighter", "Quelltor Fighter"),
        ("numbers", "Quelltor Unit2021", "Quelltor Unit2022"),
    ],
)
def test_other_words_behind_one_name_do_not_link(why, query, account):
    assert not any(link for _, link in asked(query, ((account,),))), why


WRITTEN = (
    ("International Paper Company",),
    ("National Instruments",),
    ("American Manufacturing Services",),
    ("University of Oslo",),
    ("Villeroy & Boch AG",),
    ("Møller Group",),
    ("Deutsche Börse AG",),
    ("Heidrick & Struggles International",),
    ("Cipher Pharmaceuticals Inc",),
    ("Eiger Biopharmaceuticals Inc",),
    ("Lventure Group",),
    ("Quelltor Robotics",),
    ("株式会社日立製作所",),
    ("Foyer Digital S. de R.L. de C.V.",),
    ("Norma Group SE & Co. KGaA",),
    ("PT Maju Jaya Tbk",),
)


@pytest.mark.parametrize(
    ("why", "query", "expected"),
    [
        ("a short word", "Intl Paper", "International Paper Company"),
        ("another", "Natl. Instruments", "National Instruments"),
        ("two of them", "American Mfg Svcs", "American Manufacturing Services"),
        ("of a trade", "Univ. Oslo", "University of Oslo"),
        ("and in another language", "Villeroy und Boch", "Villeroy & Boch AG"),
        ("an umlaut written as two letters", "Deutsche Boerse", "Deutsche Börse AG"),
        ("the same without its dots", "Deutsche Borse", "Deutsche Börse AG"),
        ("a Danish one", "Moeller Grp", "Møller Group"),
        ("an and without blanks", "Heidrick&Struggles", "Heidrick & Struggles International"),
        ("the short word of a trade", "Cipher Pharma", "Cipher Pharmaceuticals Inc"),
        ("the beginning of a word", "Eiger Biopharma", "Eiger Biopharmaceuticals Inc"),
        ("a letter left out of a later word", "Quelltor Robotcs", "Quelltor Robotics"),
        ("two that changed places", "Quelltor Roboitcs", "Quelltor Robotics"),
        ("no misspelt venture", "LVenture", "Lventure Group"),
        ("a Japanese form", "日立製作所", "株式会社日立製作所"),
        ("a form of five words", "Foyer Digital", "Foyer Digital S. de R.L. de C.V."),
        ("an Indonesian form before", "Maju Jaya", "PT Maju Jaya Tbk"),
        ("an and of the form", "Norma Group", "Norma Group SE & Co. KGaA"),
    ],
)
def test_one_name_in_two_spellings_links(why, query, expected):
    assert asked(query, WRITTEN)[0] == (expected, True), why


GENERAL = (("State Auto Financial Corporation",), ("General Energy Resources Group Ltd",))


@pytest.mark.parametrize(
    ("why", "query", "expected"),
    [
        ("a trade left over", "State Auto", "State Auto Financial Corporation"),
        ("a general word", "General Energy Resources", "General Energy Resources Group Ltd"),
        ("the same of other words", "General Power Resources", None),
    ],
)
def test_the_head_of_general_words_is_for_a_person(why, query, expected):
    assert asked(query, GENERAL) == ([(expected, False)] if expected else []), why


@pytest.mark.parametrize(
    ("why", "domain", "expected"),
    [
        ("its label is the name", "apple.com", ("Apple", True)),
        ("an article", "thetradedesk.com", ("The Trade Desk", True)),
        ("a word before the name", "getlattice.com", ("Lattice Inc", True)),
        ("a word behind the name", "latticelabs.com", ("Lattice Inc", True)),
        ("both", "thelatticecompany.com", ("Lattice Inc", True)),
        ("a legal form", "upbankplc.com", ("Up Bank", True)),
        ("an ending, and the name says more", "mizuhogroup.com", ("Mizuho Bank", False)),
        ("a top level of one's own", "global.mizuho", ("Mizuho Bank", False)),
        ("a top level that many use", "apple.online", ("Apple", True)),
        ("too little behind it", "getup.com", None),
    ],
)
def test_what_a_domain_leads_to(why, domain, expected):
    accounts = (("The Trade Desk",), ("Lattice Inc",), ("Up Bank",), ("Apple",), ("Mizuho Bank",))
    found = asked_of(names([(1_000, domain)]), accounts)
    assert (found[0] if found else None) == expected, why


def test_an_ending_of_a_name_belongs_there():
    assert asked("SolidWorks", (("Solid",), ("Apple",))) == [("Solid", False)]


def test_a_name_of_10_000_characters_is_never_linked():
    assert not any(link for _, link in asked("Apple " * 2_000))


def test_the_heir_stands_beside_the_other():
    assert [name for name, _ in asked("HP Cloud")] == ["HP", "HPE"]


def test_reasons_are_words_that_add_up():
    left, right = names([(9, "IBM China")]), names([(1, "IBM"), (2, "Canonical")])
    found = proposals(candidates(left, right.with_columns(group=pl.col("rec"))), RULES)
    assert found["why"].item() == (
        "leading word 'ibm' +5.5; only 3 letters −0.8; left over 'china' −0.3; "
        "one of 2 accounts −1.0"
    )
    assert found["probability"][0] == pytest.approx(1 / (1 + 2**-3.4))


HIDDEN = [
    ("marks of direction, which nobody sees", "\u200fشركة النور\u200f"),
    ("a letter of another script", "\u0410pple Orchards"),
]


@pytest.mark.parametrize(("why_", "name"), HIDDEN, ids=[case[0] for case in HIDDEN])
def test_a_doubt_says_what_may_hide_in_a_name(why_, name):
    plain = name.replace("\u200f", "").replace("\u0410", "A")
    right = names([(1, plain), (2, "Canonical")]).with_columns(group=pl.col("rec"))
    (told,) = proposals(candidates(names([(9, name)]), right), RULES)["why"]
    assert "mixed scripts, hidden or look-alike letters, or too long" in told, why_


def test_without_a_threshold_nothing_links():
    left, right = names([(9, "Canonical Ltd")]), names([(1, "Canonical")])
    found = proposals(candidates(left, right.with_columns(group=pl.col("rec"))), Likeness())
    assert found["link"].to_list() == [False]
    assert found["probability"][0] > 0.99


@pytest.mark.parametrize("wrong", [{"link_above": 0.4}, {"candidates": 0}, {"engine": "magic"}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Likeness(**wrong)


FEATURES = st.fixed_dictionaries(
    {
        "level": st.sampled_from(sorted(HOW)),
        "key": st.text("abcdefghij", min_size=1, max_size=12),
        "holders": st.integers(1, 30),
        "accounts": st.integers(30, 100_000),
        **{
            name: st.integers(0, 4)
            for kind in LEFTOVER
            for name in (kind, f"{kind}_right")
        },
    }
)  # fmt: skip


def of(**features) -> float:
    row = {**features, "letters": len(features["key"])}
    return float(probability(pl.DataFrame([row]))[0])


@settings(deadline=None)
@given(FEATURES, st.sampled_from([f"{k}{side}" for k in LEFTOVER for side in ("", "_right")]))
def test_more_left_over_never_helps(features, name):
    more = {**features, name: features[name] + 1}
    assert 0 <= of(**more) <= of(**features) <= 1


@settings(deadline=None)
@given(FEATURES)
def test_a_rarer_word_never_hurts(features):
    assert of(**{**features, "holders": features["holders"] + 1}) <= of(**features)


NAME = st.text("abAB ,.&-()éжП漢1", max_size=14)


@settings(deadline=None, max_examples=60)
@given(st.lists(NAME, min_size=1, max_size=5), st.lists(NAME, min_size=1, max_size=5))
def test_any_text_gives_few_candidates_in_any_order(left, right):
    lefts = pl.DataFrame({"rec": range(len(left)), "kind": "name", "value": left})
    rights = pl.DataFrame({"rec": range(100, 100 + len(right)), "kind": "name", "value": right})
    rights = rights.with_columns(group=pl.col("rec"))
    found = proposals(candidates(lefts, rights), RULES)
    again = proposals(candidates(lefts.reverse(), rights.reverse()), RULES)
    assert found.equals(again)
    assert found.group_by("left").len()["len"].max() in {None, 1, 2, 3}
    assert found.group_by("left").agg(pl.col("probability").sum())["probability"].ge(0).all()
    assert (found.group_by("left").agg(pl.col("probability").sum())["probability"] < 1 + 1e-9).all()
    assert found["left"].is_in(lefts["rec"].implode()).all()

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.legal_names import (
    is_placeholder,
    names,
    normalised_name,
    other_names,
    read_name,
)

FORMS = load_model().identity.legal_suffixes


@pytest.mark.parametrize(
    ("why", "value", "expected"),
    [
        ("case", "ACME", "acme"),
        ("legal form", "Acme, Inc.", "acme"),
        ("without a blank", "Acme Co.,Ltd.", "acme"),
        ("several forms", "Acme Holding GmbH & Co. KG", "acme holding"),
        ("form of two words", "Acme Pty Ltd", "acme"),
        ("private limited", "Acme Private Limited", "acme"),
        ("dotted form", "Acme S.A.", "acme"),
        ("spaced form", "Acme S. A.", "acme"),
        ("Polish", "Acme Sp. z o.o.", "acme"),
        ("Mexican", "Acme S.A. de C.V.", "acme"),
        ("Danish", "Acme A/S", "acme"),
        ("Indonesian", "Acme Tbk.", "acme"),
        ("Malaysian", "Acme Berhad", "acme"),
        ("Thai", "Acme Public Co., PCL", "acme public"),
        ("Turkish", "Acme Yazılım San. ve Tic. Ltd. Şti.", "acme yazılım"),
        ("of the Gulf", "Acme Trading W.L.L.", "acme trading"),
        ("of a free zone", "Acme FZ-LLC", "acme"),
        ("Mexican, traded", "Acme S.A.B. de C.V.", "acme"),
        ("Spanish, of one owner", "Acme S.L.U.", "acme"),
        ("Brazilian", "Acme Ltda. - ME", "acme"),
        ("Canadian, in both languages", "Acme Inc./Ltée", "acme"),
        ("Luxembourgish", "Acme S.à r.l.", "acme"),
        ("Irish", "Acme DAC", "acme"),
        ("South African", "Acme (Pty) Ltd", "acme"),
        ("Indian, in brackets", "Acme (P) Ltd.", "acme"),
        ("Estonian", "Acme OÜ", "acme"),
        ("Austrian", "Acme Ges.m.b.H.", "acme"),
        ("Hebrew", 'אקמה בע"מ', "אקמה"),
        ("without blanks", "Acme Pvt.Ltd.", "acme"),
        ("in words, German", "Acme Aktiengesellschaft", "acme"),
        ("… with accents", "Acme Gesellschaft mit beschränkter Haftung", "acme"),
        ("… French", "Acme, Société par Actions Simplifiée", "acme"),
        ("… Dutch", "Acme Naamloze Vennootschap", "acme"),
        ("… Swedish, with what follows it", "Acme Aktiebolag (publ)", "acme"),
        ("… Polish", "Acme Spółka Akcyjna", "acme"),
        ("… of three English words", "Acme Limited Liability Company", "acme"),
        ("… not half of it", "Acme Public Limited Company", "acme"),
        ("forms only at the end", "Co Op Bank", "co op bank"),
        ("a country is no legal form", "Acme UK", "acme uk"),
        ("neither is one of two letters", "Acme NL", "acme nl"),
        ("a word that is a form elsewhere", "Sky Unlimited", "sky unlimited"),
        ("form at the beginning", "ООО Ромашка", "ромашка"),
        ("… Lithuanian", "UAB Acme", "acme"),
        ("initials before general words are no form", "UAB Health System", "uab health system"),
        ("… nor before one", "The UAB Medicine", "uab medicine"),
        ("a name that is one", "Pao Bakery", "pao bakery"),
        ("a Russian form is one before any word", "ПАО Банк", "банк"),
        ("an article before general words", "The Bakery", "bakery"),
        ("Italian", "Acme S.p.A.", "acme"),
        ("… without stops", "Acme SpA", "acme"),
        ("… in capitals", "ACME SPA", "acme"),
        ("a spa is a spa", "Sanctuary Spa", "sanctuary spa"),
        ("… before a form too", "Sanctuary Day spa, Inc.", "sanctuary day spa"),
        ("… beside an accent", "Café & Spa", "cafe and spa"),
        ("leading article", "The Acme Corp", "acme"),
        ("accents", "Société Générale", "societe generale"),
        ("letters that do not decompose", "Ørsted Łódź", "orsted lodz"),
        ("dotless i looks like i, and is not", "Işık", "isık"),
        ("sharp s", "Straße AG", "strasse"),
        ("apostrophe", "O'Neill’s", "oneills"),
        ("ampersand is and", "Smith & Sons", "smith and sons"),
        ("plus", "Canal+", "canal plus"),
        ("dotted initials", "I.B.M.", "ibm"),
        ("spaced initials", "I. B. M. Corp", "ibm"),
        ("initials before a name", "J. P. Morgan & Co.", "jp morgan"),
        ("hyphen and slash", "Foo-Bar/Baz", "foo bar baz"),
        ("trade mark", "Acme™ Inc.", "acme"),
        ("Chinese form", "华为技术有限公司", "华为技术"),
        ("Chinese joint stock", "中国石油股份有限公司", "中国石油"),
        ("Japanese form before", "株式会社トヨタ", "トヨタ"),
        ("… and short", "(株)トヨタ", "トヨタ"),
        ("Korean form", "삼성전자 주식회사", "삼성전자"),
        ("… and short", "(주)삼성전자", "삼성전자"),
        ("voiced kana stay", "ガス", "ガス"),
        ("Cyrillic short i stays", "Край", "край"),
        ("vowel signs stay", "हिन्दी", "हिन्दी"),
        ("full-width letters", "ＡＣＭＥ", None),
        ("nothing but signs", " - . ", None),
        ("empty", "", None),
        ("only a legal form", "Inc.", None),
        ("only legal forms", "GmbH & Co. KG", None),
        ("placeholder", "N/A", None),
        ("placeholder with a form", "Test Company", None),
        ("only digits", "360", None),
        ("one letter", "X", None),
        ("too long", "a" * 201, None),
        ("10,000 characters", "and " * 2_500, None),
    ],
)
def test_normalised_name(why, value, expected):
    assert normalised_name(value, FORMS) == expected, why
    assert names(pl.Series("x", [None, value]), FORMS).to_list() == [None, expected], why


@pytest.mark.parametrize(
    ("value", "name", "other"),
    [
        ("Acme Inc (formerly Beta LLC)", "acme", "beta"),
        ("Acme (previously known as Beta) Holding", "acme holding", "beta"),
        ("Acme, formerly Beta", "acme", "beta"),
        ("Acme Inc f/k/a Beta", "acme", "beta"),
        ("Acme Inc. d/b/a Beta", "acme", "beta"),
        ("Acme, dba Beta", "acme", "beta"),
        ("Acme t/a Beta", "acme", "beta"),
        ("Acme SpA t/a Beta Spa", "acme", "beta spa"),
        ("Acme Ltd trading as Beta", "acme", "beta"),
        ("Acme doing business as Beta", "acme", "beta"),
        ("previously Beta", None, "beta"),
        ("Formerly Inc", None, None),
        ("Oracle DBA Services", None, None),
        ("Acme formerly Beta formerly Gamma", None, None),
        ("DBA", "dba", None),
        ("Dba Systems", "dba systems", None),
        ("Data as a Service", "data as a service", None),
    ],
)
def test_former_and_trading_names(value, name, other):
    reading = read_name(value, FORMS)
    assert (reading.key, reading.other) == (name, other)
    column = pl.Series("x", [value, None, "Gamma"])
    assert names(column, FORMS).to_list() == [name, None, "gamma"]
    assert other_names(column, FORMS).to_list() == [other, None, None]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", ""),
        ("Acme", ""),
        ("Oracle DBA Services", "one name or two? DBA"),
        ("Acme formerly Beta formerly Gamma", "more than two names in one text"),
        ("a" * 201, "longer than 200 characters"),
        ("N/A", "a placeholder, not a name: na"),
        ("42", "no letter"),
        ("X", "one character only"),
        ("Аcme", "word mixes scripts: Аcme"),
    ],
)
def test_why_a_value_is_no_name(value, why):
    assert read_name(value, FORMS).why == why


NOBODY = (
    """
N/A|#N/A|n.v.t.|NaN|NULL|None|None Provided|nil|tbc|TBD|to be confirmed|Other|Misc|xxxxx|asdf
Not applicable|Not known|Not specified|not yet known|No account|No company name|No data|DO NOT USE
Unknown|Unknown Account|Unknown Company Ltd|Unknown GmbH|Unspecified|Undefined customer|Unassigned
Personal Account|Individual Account|Default Account|Demo Account|Deleted account|Test|Test 12|demo 3
My Company|My Workspace|Our company|new account|Company Name|Account|Customer|Guest user|Anonymous
Self-employed|Walk-in customer|Cash customer|Retired|Student|[object Object]|Test Customer Account
Unbekannt|Unbekannte Firma|keine|keine Angabe|kein Name|nicht bekannt|Privat|ohne Firma
inconnu|Non renseigné|sans objet|Particulier|pas de nom|aucune entreprise|Desconocido|sin datos
no aplica|sin nombre|Não informado|não se aplica|sem empresa|Sconosciuto|nessuna azienda|Onbekend
niet van toepassing|geen|Okänd|ikke oppgitt|brak danych|nie dotyczy|bilinmiyor|неизвестно
не указано|My team|нет данных|未知|未知公司|不明|なし|テスト|テスト株式会社|个人
없음|株式会社|有限公司|Ltd Ltd
""".replace("\n", "|")
    .strip("|")
    .split("|")
)

SOMEBODY = (
    """
Team|Nothing|SANS|Notion|Not Impossible|Nothing Bundt Cakes|No Fluff Media|Non Stop Travel
Sans Souci|Sin City|Unknown Worlds|Undefined Labs|Otherworld|Test Drive Magazine|Demodesk
Demo 3D Studio|Default Media|Private Medicine Clinic|Personal Capital|Individual Restaurants
Guest Tek|Student Loans Europe|Anonymous Content|Home Depot|Homebase|Lead Forensics|Prospect Capital
Internal Medicine Associates|Miscela|The Account Group|Customer One|My Food Bag|Our Kids
New Company 12|Company 17|Customer 4711
Deleted Scenes|Nil by Mouth|Nobody Home Design|Self Esteem Brands|Selfridges|Brak Systems|Yokogawa
Keine Zeit|Privatbank|Tester|Ohne Plastik|未知数科技|無印良品|テストロ|個人情報
Ag Leader|Do Not Disturb Hotels
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@pytest.mark.parametrize("value", NOBODY)
def test_a_placeholder_is_no_key(value):
    why = read_name(value, FORMS).why
    assert why.startswith("a placeholder, not a name: ")
    assert names(pl.Series([value]), FORMS).to_list() == [None]
    assert is_placeholder(value)


@pytest.mark.parametrize("value", SOMEBODY)
def test_a_name_that_begins_like_a_placeholder_is_a_key(value):
    assert read_name(value, FORMS).key
    assert not is_placeholder(value)


WORDS = st.sampled_from(
    [
        *("Acme", "BETA", "i", "b", "m.", "&", "+", "The", "Inc.", "GmbH", "Co", "KG", "S.A."),
        *("sp. z o.o.", "d/b/a", "dba", "formerly", "(previously", "Beta)", "as", "™", "…", "_"),
        *("Société", "Łódź", "Straße", "İş", "ǿ", "ǯ", "ẞ", "ﬁ", "ＡＢ", "аcme", "360", "n/a"),
        *("ООО", "Ромашка", "株式会社", "トヨタ", "Not", "known", "Account", "未知", "UAB", "Bank"),
        *("Pao", "Spa", "SpA", "S.p.A.", "SPA", "Unknown"),
    ]
)
NAMES = st.one_of(
    st.lists(WORDS, max_size=6).map(" ".join),
    st.text(max_size=10),
    st.text(alphabet=st.characters(max_codepoint=0x1EFF), max_size=8),
)


@settings(deadline=None)
@given(st.lists(st.none() | NAMES, max_size=12))
def test_columns_are_the_functions_and_keep_nulls_and_order(values):
    column = pl.Series("x", values, dtype=pl.String)
    readings = [None if value is None else read_name(value, FORMS) for value in values]
    assert names(column, FORMS).to_list() == [reading and reading.key for reading in readings]
    assert other_names(column, FORMS).to_list() == [r and r.other for r in readings]


@settings(deadline=None)
@given(NAMES)
def test_case_and_legal_form_are_no_information(value):
    key = normalised_name(value, FORMS)
    if key is not None and value.isascii() and "Spa" not in value.split():
        assert normalised_name(value.upper(), FORMS) == key
        assert normalised_name(f"{key} GmbH", FORMS) in {key, None}

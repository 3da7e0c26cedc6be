"""Letters that look alike never link: not two hosts, not two names."""

from __future__ import annotations

import pytest

from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import account_records, ignored_keys
from health_pipeline.core.identity.resolve import resolve
from health_pipeline.core.identity.scripts import disguise
from health_pipeline.core.identity.standardise import normalised_name
from health_pipeline_tests.core.identity.look_alikes import HOSTS, NAMES, look_alikes
from health_pipeline_tests.core.identity.tables import NO_REGISTRY, account, landed


@pytest.mark.parametrize(("column", "texts"), [("domain", HOSTS), ("name", NAMES)])
def test_of_200_look_alikes_none_is_merged(column, texts):
    pairs = look_alikes(texts, 200)
    assert len(pairs) == 200
    own = [account(f"crm:{text}", **{column: text}) for text in texts]
    same = [account(f"bill:{text}", **{column: text.upper()}) for text in texts]
    other = [account(f"app:{n}", **{column: other}) for n, (_, other) in enumerate(pairs)]
    tables = {"accounts": landed("accounts", *own, *same, *other)}
    xref = resolve(tables, IdentityRules(), NO_REGISTRY).account_xref
    accounts = {source: set(rows["account_id"]) for (source,), rows in xref.group_by("source")}
    assert accounts["crm"] == accounts["bill"]
    assert len(accounts["crm"]) == len(texts)
    assert not accounts["crm"] & accounts["app"]


@pytest.mark.parametrize(
    ("why", "text", "expected"),
    [
        ("one Cyrillic letter in a Latin word", "аpple", "word mixes scripts: аpple"),
        ("one Greek letter", "οracle", "word mixes scripts: οracle"),
        ("Armenian", "gօօgle", "word mixes scripts: gօօgle"),
        ("full width", "ａcme", "compatibility form"),
        ("mathematical", "𝐚cme", "compatibility form"),
        ("ligature", "oﬃce", "compatibility form"),
        ("the Kelvin sign", "\u212aMart", "compatibility form"),
        ("superscript", "m²", "compatibility form"),
        ("zero-width space", "ac\u200bme", "invisible character U+200B"),
        ("soft hyphen", "ac\u00adme", "invisible character U+00AD"),
        ("right to left", "acme\u202e", "invisible character U+202E"),
        ("Latin", "Société Générale", None),
        ("Cyrillic", "Газпром", None),
        ("Greek", "ΟΤΕ", None),
        ("words of two scripts", "ООО Acme", None),
        ("Japanese mixes", "NTTデータ東京の", None),
        ("Korean mixes", "LG전자", None),
        ("Hindi", "हिन्दी", None),
        ("trade mark", "Acme™", None),
        ("decomposed accents", "Socie\u0301te\u0301", None),
    ],
)
def test_what_could_pass_for_something_else(why, text, expected):
    found = disguise(text)
    assert (found is None) if expected is None else expected in (found or ""), why


def test_words_wholly_in_another_script_are_keys_of_their_own():
    assert normalised_name("сосо") == "сосо"
    assert normalised_name("сосо") != normalised_name("coco")


def test_what_mixes_scripts_is_told():
    tables = {"accounts": landed("accounts", account("crm:1", name="Аcme", domain="аcme.com"))}
    ignored = ignored_keys(tables, account_records(tables), IdentityRules())
    assert ignored.rows() == [
        ("crm", "1", "domain", "аcme.com", "word mixes scripts: аcme"),
        ("crm", "1", "name", "Аcme", "word mixes scripts: Аcme"),
    ]

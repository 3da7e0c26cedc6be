"""A split takes off the record that was asked for, alone, whatever ties the others to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from health_pipeline.cli.house import open_house
from health_pipeline.orchestration.identity_decisions import Desk
from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place, health

HEAD = {
    "accounts": "source,source_account_id,name,domain,created_at",
    "account_links": "source,source_account_id,kind,value,linked_source,known_at",
}
ROWS = {
    "accounts": [
        "crm,1,Acme,acme.example,2025-01-01",
        "billing,b1,,,2025-02-01",
        "product,p1,,acme.example,2025-02-01",
        "support,z1,,acme.example,2025-02-01",
        "desk,d1,,acme.example,2025-02-01",
    ],
    "account_links": [
        "crm,1,account_id,b1,billing,2025-02-01",
        "desk,d1,account_id,p1,product,2025-02-01",
    ],
}
WHOLE = {"crm:1 billing:b1 product:p1 support:z1 desk:d1"}
CASES = [
    # why, record, groups, how many decisions, what is said
    (
        "the first record, to which another hangs by its id",
        "crm:1",
        {"crm:1", "billing:b1 product:p1 support:z1 desk:d1"},
        3,
        [
            "crm:1 keeps acc_",
            "desk:d1, with what is linked to it, stays with the others by dec_",
            "without crm:1 no rule ties them",
        ],
    ),
    (
        "one that hangs by its id",
        "billing:b1",
        {"billing:b1", "crm:1 product:p1 support:z1 desk:d1"},
        1,
        [],
    ),
    (
        "one to which another hangs that the domain ties to the rest",
        "product:p1",
        {"product:p1", "crm:1 billing:b1 support:z1 desk:d1"},
        2,
        [],
    ),
    ("one of several", "support:z1", {"support:z1", "crm:1 billing:b1 product:p1 desk:d1"}, 1, []),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    folder: Path = tmp_path_factory.mktemp("splits") / "sources"
    folder.mkdir()
    for table, rows in ROWS.items():
        (folder / f"{table}.csv").write_text("\n".join([HEAD[table], *rows]) + "\n")
    made = Place(folder.parent, folder)
    told = made.run_days(END, END)
    assert told.code == 0, told.err
    return made


def groups(place: Place) -> set[frozenset[str]]:
    with open_house(model=None, lake=str(place.lake)).open() as stores:
        xref = Desk(stores).accounts.xref
    found: dict[str, set[str]] = {}
    for source, key, one in xref.select("source", "source_account_id", "account_id").iter_rows():
        found.setdefault(one, set()).add(f"{source}:{key}")
    return {frozenset(some) for some in found.values()}


def of(texts: set[str]) -> set[frozenset[str]]:
    return {frozenset(text.split()) for text in texts}


@pytest.mark.parametrize(
    ("why", "record", "parts", "many", "said"), CASES, ids=[c[0] for c in CASES]
)
def test_a_split_takes_off_its_record_alone_and_undo_gives_it_back(
    place, why, record, parts, many, said
):
    assert groups(place) == of(WHOLE)
    anchor = "crm:1"
    told = health("identity", "split", anchor, record, "--why", "sold", "--lake", place.lake)
    assert told.code == 0, told.err
    assert groups(place) == of(parts), why
    ids = re.findall(r"dec_[0-9a-f]+", told.out.splitlines()[0])
    assert len(ids) == many
    assert [text for text in said if text not in told.out] == [], told.out
    assert ("stays with the others by" in told.out) == bool(said)
    assert (f"health identity undo {' '.join(ids)} --why" in told.out) == (many > 1)
    back = health("identity", "undo", *ids, "--why", "not sold", "--lake", place.lake)
    assert back.code == 0, back.err
    assert groups(place) == of(WHOLE), why

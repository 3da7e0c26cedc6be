"""Names and ids that no terminal expects: shown short, and told apart, in `health identity`."""

from __future__ import annotations

import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place, Told, health

LONG = "Brightwater " + "and more " * 1_200
DOMAIN = "x" * 10_000
ACCOUNTS = [
    # source, id, name, domain
    ("crm", "1", LONG, "acme.com"),
    ("support", "1", LONG.upper(), "acme.com"),
    ("billing", "1", "Brightwater", DOMAIN),
    ("crm:eu", "1", "Alder", ""),
    ("support", "col", "Birch", ""),
    ("crm", "eu:2", "Cedar", ""),
    ("crm:eu", "2", "Dogwood", ""),
    ("crm", "a:b:c", "Two :fire: Ltd", ""),
    ("support", "a:b:c", "Two :fire:", "a.example"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    folder = tmp_path_factory.mktemp("odd") / "sources"
    folder.mkdir()
    lines = ["source,source_account_id,name,domain,created_at"]
    lines += [f"{source},{key},{name},{host},2025-01-01" for source, key, name, host in ACCOUNTS]
    (folder / "accounts.csv").write_text("\n".join(lines) + "\n")
    made = Place(folder.parent, folder)
    told = made.run_days(END, END)
    assert told.code == 0, told.err
    return made


def identity(place: Place, *args: str) -> Told:
    return health("identity", *args, "--lake", place.lake)


@pytest.mark.parametrize(
    "asked", [("why", "crm", "1"), ("why", "billing", "1"), ("review",)], ids=" ".join
)
def test_what_is_long_is_cut_for_the_screen(place, asked):
    told = identity(place, *asked)
    assert told.code == 0, told.err
    assert "Brightwater" in told.out
    assert "…" in told.out
    assert len(told.out) < 5_000


def test_codes_of_emoji_stay_what_the_source_wrote(place):
    told = identity(place, "why", "crm", "a:b:c").out
    assert "crm:a:b:c" in told
    assert "Two :fire: Ltd" in told


REFUSED = [
    ("two records are called so", "crm:eu:2",
     "crm:eu:2 names 2 records: 'eu:2' of 'crm' and '2' of 'crm:eu'"),
    ("nobody is, by any split", "crm:eu:9", "no account or record is called crm:eu:9"),
    ("records of that id", "nobody:a:b:c", "(known: crm:a:b:c, support:a:b:c)"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "asked", "said"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_name_that_tells_no_single_record_is_refused(place, why, asked, said):
    told = identity(place, "merge", asked, "support:col", "--why", "x")
    assert told.code == 2
    assert said in told.err
    assert identity(place, "split", "support:col", asked, "--why", "x").code == 2


def test_a_source_and_an_id_may_hold_colons(place):
    assert "Alder" in health("explain", "crm:eu:1", "--lake", place.lake).out
    assert "2 accounts match" in health("explain", "crm:eu:2", "--lake", place.lake).err
    merged = identity(place, "merge", "crm:eu:1", "support:col", "--why", "one company")
    assert merged.code == 0, merged.err
    assert "crm:eu:1: " in merged.out
    decided = identity(place, "why", "crm:eu", "1").out
    assert "merge crm:eu:1 and support:col: one company" in decided
    account = decided.partition(" is ")[2].partition(",")[0]
    parted = identity(place, "split", account, "crm:a:b:c", "--why", "x")
    assert "crm:a:b:c is no part of" in parted.err


def test_a_merge_takes_along_what_a_likeness_had_linked(tmp_path):
    """Both accounts have a record of billing: no likeness would join these two."""
    folder = tmp_path / "sources"
    folder.mkdir()
    rows = [
        "crm,1,Umbrella AG,umbrella.de",
        "billing,b1,Umbrella,umbrella.de",
        "crm,2,Stark Robotics,starkrobotics.com",
        "billing,b2,Starkrobotics,",
        *(f"crm,x{n},Filler{n} Quorn{n},filler{n}.example" for n in range(30)),
    ]
    lines = ["source,source_account_id,name,domain,created_at"]
    lines += [f"{row},2025-01-01" for row in rows]
    (folder / "accounts.csv").write_text("\n".join(lines) + "\n")
    place = Place(tmp_path, folder)
    assert place.run_days(END, END).code == 0
    linked = "select rule from account_xref where source_account_id = '2'"
    assert place.sql(linked)["rule"].to_list() == ["likeness"]
    told = identity(place, "merge", "crm:1", "crm:2", "--why", "one group")
    assert "billing:b2, with what is linked to it, stays with the others by dec_" in told.out
    assert place.run_days(END, END).code == 0
    accounts = "select distinct account_id from account_xref where source_account_id in {}"
    assert place.sql(accounts.format(("1", "2", "b1", "b2"))).height == 1

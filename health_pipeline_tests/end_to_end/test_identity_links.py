"""A source corrects a tie between its records and those of another: the old one is taken back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place, health

BEFORE = END - timedelta(days=1)
LINKS = "source,source_account_id,kind,value,linked_source,known_at,deleted_at"
WRONG = "account_id,wrong_{0},crm,2025-02-01,"
TAKEN_BACK = f"account_id,wrong_{{0}},crm,{END}T06:00:00Z,{END}T06:00:00Z"
LATER = f"account_id,wrong_{{0}},crm,{END}T06:00:00Z,{END.year + 70}-01-01"
RIGHT = f"account_id,right_{{0}},crm,{END}T06:00:00Z,"
AGAIN = f"account_id,wrong_{{0}},crm,{END}T09:00:00Z,"
CASES = {
    # record of support: its links on the second day, its account of crm then
    "unchanged": ([WRONG], "wrong"),
    "corrected": ([WRONG, TAKEN_BACK, RIGHT], "right"),
    "replaced": ([TAKEN_BACK, RIGHT], "right"),
    "told_again": ([WRONG, TAKEN_BACK, AGAIN], "wrong"),
    "tied_no_more": ([WRONG, TAKEN_BACK], None),
    "in_years_to_come": ([WRONG, LATER], "wrong"),
}


def write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def accounts(place: Place) -> dict[str, str]:
    xref = place.table("account_xref").select("source", "source_account_id", "account_id")
    return {f"{source}:{key}": one for source, key, one in xref.iter_rows()}


@pytest.mark.parametrize("likeness", [True, False])
def test_a_tie_that_its_source_takes_back_ties_no_more(tmp_path, likeness):
    sources, model = tmp_path / "sources", tmp_path / "model"
    sources.mkdir()
    chosen = []
    if not likeness:
        model.mkdir()
        (model / "identity.yaml").write_text("likeness: null\n")
        chosen = ["--model", model]
    write(
        sources,
        "accounts",
        [
            "source,source_account_id,name,created_at",
            *(
                f"crm,{end}_{key},{end} {key},2025-01-01"
                for key in CASES
                for end in ("wrong", "right")
            ),
        ],
    )
    tickets = [f"support,t_{key},{key},{BEFORE}T08:00:00Z" for key in CASES]
    write(sources, "tickets", ["source,ticket_id,source_account_id,opened_at", *tickets])
    first = {key: [WRONG.removesuffix(",")] for key in CASES}
    second = {key: links for key, (links, _) in CASES.items()}
    place, found = Place(tmp_path, sources), []
    for day, told in ((BEFORE, first), (END, second)):
        links = [f"support,{key},{link.format(key)}" for key in told for link in told[key]]
        # No source knew of deletions at first: the column comes with the second day.
        head = LINKS if day == END else LINKS.removesuffix(",deleted_at")
        write(sources, "account_links", [head, *links])
        ran = place.run(*chosen, "--from", day, "--to", day)
        assert ran.code == 0, ran.err
        found.append(accounts(place))
    before, after = found
    assert all(before[f"support:{key}"] == before[f"crm:wrong_{key}"] for key in CASES)
    for key, (_, then) in CASES.items():
        assert after[f"crm:wrong_{key}"] == before[f"crm:wrong_{key}"], key
        assert after.get(f"support:{key}") == (after[f"crm:{then}_{key}"] if then else None), key
    unclaimed = place.table("unresolved").filter(table="tickets")
    assert unclaimed["key"].to_list() == ["tied_no_more"]
    told = health("identity", "why", "support", "corrected", "--lake", place.lake, *chosen)
    assert "right corrected" in told.out
    assert "wrong" not in told.out

"""What a source deletes counts no more from the run that learns of it, and before it as it did."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place

BEFORE = END - timedelta(days=1)
OPENED = END - timedelta(days=30)


def _write(folder: Path, name: str, lines: list[str]) -> None:
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def _hand_in(folder: Path, deleted: dict[str, str], *, told: bool) -> None:
    """Three tickets of one account and the end of another; `deleted_at` where `told`."""
    tail = ",deleted_at" if told else ""
    rows = [
        (
            "tickets",
            "ticket_id,opened_at,resolved_at",
            "stays",
            [(n, f"{OPENED}T08:00:00Z,") for n in "abc"],
        ),
        ("outcomes", "outcome_id,occurred_on,kind", "left", [("o", f"{OPENED},logo_loss")]),
    ]
    for table, head, account, found in rows:
        lines = [
            f"crm,{account},{key},{cells}" + (f",{deleted.get(key, '')}" if told else "")
            for key, cells in found
        ]
        _write(folder, table, [f"source,source_account_id,{head}{tail}", *lines])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deleted")
    sources = folder / "sources"
    sources.mkdir()
    accounts = [f"crm,{key},{key},{OPENED}" for key in ("left", "stays")]
    _write(sources, "accounts", ["source,source_account_id,name,created_at", *accounts])
    place = Place(folder, sources)
    _hand_in(sources, {}, told=False)
    ran = place.run("--from", BEFORE, "--to", BEFORE)
    assert ran.code == 0, ran.err
    # b was deleted long ago, as the source says today; c will be.
    ahead = END + timedelta(days=1)
    _hand_in(sources, {"b": f"{OPENED}", "c": f"{ahead}", "o": f"{END}"}, told=True)
    ran = place.run("--from", END, "--to", END)
    assert ran.code == 0, ran.err
    return place


def test_a_deleted_ticket_is_open_no_more(place):
    open_tickets = place.table("signals").filter(signal="open_tickets", status="measured")
    assert dict(open_tickets.select("date", "value").iter_rows()) == {BEFORE: 3.0, END: 2.0}


def test_who_left_by_a_deleted_outcome_has_not_left(place):
    days = place.table("health_scores").join(
        place.table("accounts").select("account_id", "name"), on="account_id"
    )
    assert set(days.filter(pl.col("date") == BEFORE)["name"]) == {"stays"}
    assert set(days.filter(pl.col("date") == END)["name"]) == {"stays", "left"}

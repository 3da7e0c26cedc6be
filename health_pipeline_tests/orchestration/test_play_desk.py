"""What people do about plays from a shell: a play is named by as much of its id as tells it."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from health_pipeline.adapters.store.lake import Write
from health_pipeline.cli.render import telling_digits
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.play_desk import PlayError, accept, close, plays_now
from health_pipeline_tests.core.schemas.worlds import table
from health_pipeline_tests.orchestration.small_world import house_in

AT = datetime(2026, 3, 11, tzinfo=UTC)
IDS = ("aaaa1111bbbb", "aaaa2222bbbb", "cccc1111bbbb")


@pytest.fixture
def stores(tmp_path):
    rows = [
        {"play_id": one, "account_id": one[:5], "play": "p", "status": "proposed", "due_at": AT}
        for one in IDS
    ]
    with house_in(tmp_path, tmp_path).open() as opened:
        nobody = table("account_xref", [])
        tables = {"plays": table("plays", rows), "account_xref": nobody, "user_links": nobody}
        writes = [Write(name, None, frame) for name, frame in tables.items()]
        opened.lake.publish(writes, run_id="r", at=AT)
        yield opened


@pytest.mark.parametrize("said", ["cccc1111bbbb", "cccc1", "c"])
def test_the_first_digits_name_a_play(stores, said):
    assert accept(stores, said, "dana") == IDS[2]
    assert close(stores, said, "dana", "signed") == IDS[2]
    left = plays_now(stores).filter(pl.col("play_id") == IDS[2]).row(0, named=True)
    assert (left["status"], left["accepted_by"], left["outcome"]) == ("closed", "dana", "signed")
    others = plays_now(stores).filter(pl.col("play_id") != IDS[2])
    assert set(others["status"]) == {"proposed"}


def test_a_play_is_not_closed_without_a_word(stores):
    with pytest.raises(PlayError, match="says how it ended"):
        close(stores, IDS[2], "dana", " ")
    assert set(plays_now(stores)["status"]) == {"proposed"}


def test_what_the_crm_deleted_took_no_play_on(stores):
    told = {
        "source": "crm", "source_account_id": "a", "intervention_id": IDS[0], "play": "p",
        "started_at": AT, "known_at": AT,
    }  # fmt: skip
    gone = {**told, "known_at": AT.replace(day=12), "deleted_at": AT.replace(day=12)}
    links = table("account_xref", [{**told, "account_id": IDS[0][:5]}])
    for versions, status in (([told], "accepted"), ([told, gone], "proposed")):
        schema = {**SOURCE_TABLES["interventions"].schema, "known_assumed": pl.Boolean}
        frame = pl.DataFrame(versions, schema=schema).with_columns(known_assumed=False)
        writes = [
            Write("landing/interventions", None, frame),
            Write("account_xref", None, links),
            Write("plays", None, plays_now(stores)),  # as the run before left them
        ]
        stores.lake.publish(writes, run_id="r", at=AT)
        assert dict(plays_now(stores).select("play_id", "status").iter_rows())[IDS[0]] == status


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("aaaa", "2 plays have an id that begins with aaaa: aaaa1111bbbb, aaaa2222bbbb"),
        ("dddd", "no play has the id dddd"),
        ("", "no play has the id"),
    ],
)
def test_nothing_is_done_to_a_play_that_is_not_told(stores, said, why):
    with pytest.raises(PlayError, match=why):
        accept(stores, said, "dana")
    assert set(plays_now(stores)["status"]) == {"proposed"}


@pytest.mark.parametrize(
    ("why", "ids", "digits"),
    [
        ("eight tell all apart", IDS, 8),
        ("nine do", ("aaaaaaaab1", "aaaaaaaac1"), 9),
        ("one play twice is one", ("aaaaaaaab1", "aaaaaaaab1"), 8),
        ("the last digit does", ("aaaaaaaaaa1", "aaaaaaaaaa2"), 11),
        ("shorter than eight", ("a1",), 2),
        ("none", (), 8),
    ],
)
def test_how_many_digits_are_shown(why, ids, digits):
    assert telling_digits(pl.Series(ids, dtype=pl.String)) == digits, why

"""Rows that lie in files with their accounts are the rows that identity attaches."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from health_pipeline.adapters.store.lake import Write
from health_pipeline.config.settings import load_settings
from health_pipeline.core.identity.attach import attach
from health_pipeline.core.identity.resolve import resolve
from health_pipeline.core.identity.seen import Shown
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.core.schemas.time import as_of, in_force
from health_pipeline.core.signals.compute import signal_values
from health_pipeline.orchestration.days import Past, day_views, populations
from health_pipeline.orchestration.house import House
from health_pipeline.orchestration.identity import SCRATCH, attached_tables, unresolved_records
from health_pipeline.orchestration.landed import landing_name
from health_pipeline.orchestration.window import Window
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    RULES,
    account,
    at,
    landed,
    link,
    user,
)
from health_pipeline_tests.orchestration.small_world import packaged_model

DAY = date(2026, 1, 20)


def ticket(key: str, ticket_id: str, opened: int, known: int, **more: object) -> dict[str, object]:
    return {**account(key, known), "ticket_id": ticket_id, "opened_at": at(opened), **more}


TABLES = {
    "accounts": landed(
        "accounts",
        account("crm:1", name="Acme", domain="acme.com", created_at=at(1, 11, 2025)),
        account("crm:2", 3, name="Bolt", domain="bolt.com"),
        account("desk:9", 6, name="Acme", domain="acme.com"),
    ),
    "account_links": landed("account_links", link("crm:2", "alias", "Bolt Works")),
    "users": landed(
        "users",
        user("app:u1", source_account_id="1", email="u1@acme.com", email_verified=True),
        user("app:u1", 9, source_account_id="2", email="u1@bolt.com", email_verified=True),
        user("app:u2", 4, source_account_id="2", email="u2@bolt.com", email_verified=True),
    ),
    "tickets": landed(
        "tickets",
        ticket("desk:9", "t1", 2, 2),
        ticket("desk:9", "t1", 2, 8, resolved_at=at(8), source_user_id="u1"),
        ticket("crm:2", "t2", 7, 5),
        ticket("crm:2", "t3", 12, 12, reopened_count=1),
        ticket("crm:404", "t4", 12, 12),
    ),
    "subscriptions": landed(
        "subscriptions",
        *(
            {**account(f"crm:{n}", n), "subscription_id": f"s{n}", "starts_on": date(2026, 1, n)}
            for n in (1, 2)
        ),
    ),
}
IDENTITY = resolve(TABLES, RULES, NO_REGISTRY)
WANTED = attach({name: rows.drop("origin") for name, rows in TABLES.items()}, IDENTITY)[0]


@pytest.fixture
def stores(tmp_path):
    house = House(load_settings({}, lake=tmp_path / "lake"), packaged_model())
    with house.open() as opened:
        writes = [Write(landing_name(name), None, rows) for name, rows in TABLES.items()]
        names = ("account_xref", "user_xref", "user_links")
        writes += [Write(name, None, getattr(IDENTITY, name)) for name in names]
        opened.lake.publish(writes, run_id="test", at=House.now())
        yield opened


def test_whole_tables_are_those_that_identity_attaches(stores):
    found = attached_tables(stores)
    assert set(found) == set(WANTED) == {"accounts", "users", "tickets", "subscriptions"}
    for name, rows in WANTED.items():
        assert found.columns(name) == set(rows.columns)
        assert_frame_equal(found[name], rows.sort("known_at", maintain_order=True))
    assert "events" not in found
    with pytest.raises(KeyError, match="events"):
        found.scan("events")


@pytest.mark.parametrize("day", [DAY - timedelta(days=n) for n in range(0, 20, 3)])
def test_a_day_read_from_files_is_the_day_of_the_rows(stores, day):
    found = attached_tables(stores)
    for name, rows in WANTED.items():
        read = in_force(SOURCE_TABLES[name], found.scan(name), day).collect()
        texts = read.with_columns(found.ids.gather(read["account_id"])).select(rows.columns)
        assert_frame_equal(texts, as_of(SOURCE_TABLES[name], rows, day))


def test_since_when_accounts_are_seen_is_kept(stores):
    found, want = attached_tables(stores).shown, Shown.of(WANTED)
    assert_frame_equal(found.seen, want.seen)
    assert_frame_equal(found.used, want.used, check_row_order=False)


def test_rows_that_nobody_claims_are_told(stores):
    left = attach(TABLES, IDENTITY)[1]
    assert left.select("table", "key").rows() == [("tickets", "404")]
    found = unresolved_records(stores, IDENTITY)
    assert_frame_equal(found.filter(pl.col("table") == "tickets"), left)


def test_new_rows_are_attached_anew_and_folders_go_with_their_tables(stores):
    before = attached_tables(stores)
    assert before.folder.parent == stores.lake.root
    before["tickets"]
    assert attached_tables(stores) is before
    another = TABLES["tickets"].head(1).with_columns(pl.lit("t9").alias("ticket_id"))
    more = pl.concat([TABLES["tickets"], another])
    name = landing_name("tickets")
    stores.lake.publish([Write(name, None, more)], run_id="test", at=House.now())
    assert attached_tables(stores)["tickets"].height == before["tickets"].height + 1
    del before
    assert len(list(stores.lake.root.glob(f"{SCRATCH}*"))) == 1


def test_a_folder_that_was_taken_for_left_behind_is_made_again(stores):
    found = attached_tables(stores)
    before = found["tickets"]
    shutil.rmtree(found.folder)
    assert attached_tables(stores) is found
    assert_frame_equal(found["tickets"], before)


def test_a_customer_whom_identity_no_longer_knows_keeps_its_place(stores):
    past = Past.of(stores, Window(DAY, DAY))
    people, _ = populations(past, [DAY])
    gone = people.head(1).with_columns(account_id=pl.lit("acc_"))  # before all others
    usage = pl.DataFrame(schema={"account_id": pl.String, "date": pl.Date})
    values = []
    for known in (people, pl.concat([people, gone])):
        (view,) = day_views(past, known, usage, [DAY])
        tickets = view.tables["tickets"].collect()
        assert set(view.ids.gather(tickets["account_id"])) == set(people["account_id"])
        values.append(signal_values(view, stores.model.signals[:0]))
        texts = view.ids.gather(view.accounts["account_id"]).to_list()
        assert sorted(texts) == sorted(known["account_id"])
    assert all(dict(frame.schema) == SIGNAL_VALUES for frame in values)

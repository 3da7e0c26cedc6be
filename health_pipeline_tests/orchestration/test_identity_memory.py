"""The memory of identity: used when it goes with what is in force, and never otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from health_pipeline.adapters.store.decisions import append, decision_table
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.registry import register, registry
from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.core.identity.decisions import decision
from health_pipeline.core.identity.resolve import Identity, resolve
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity import resolve_and_register
from health_pipeline.orchestration.identity_memory import BASIS, recall
from health_pipeline.orchestration.landed import identity_tables
from health_pipeline_tests.core.identity.tables import account, at, landed, link, user

DAY = date(2026, 1, 31)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
FIRST = (
    account("crm:1", 1, name="Acme Inc", domain="acme.com"),
    account("bill:1", 2, name="Acme"),
    account("crm:2", 3, name="Beta"),
    account("app:2", 4, name="Beta", domain="beta.io"),
)
MORE = (
    account("app:7", 9, name="Acme", domain="acme.com"),
    account("bill:2", 9, name="Beta", domain="other.io"),
    account("app:9", 9, name="Gamma"),
)


def house_in(home: Path, identity: str = "likeness: null\n") -> House:
    model = home / "model"
    model.mkdir(exist_ok=True, parents=True)
    (model / "identity.yaml").write_text(identity, encoding="utf-8")
    settings = load_settings({}, model=model, sources=home / "sources", lake=home / "lake")
    return House(settings, load_model(model))


def land(stores: Stores, *rows: dict[str, object]) -> None:
    tables = {
        "accounts": landed("accounts", *rows),
        "account_links": landed("account_links", link("bill:1", "domain", "acme.de", 2)),
        "users": landed("users", user("app:u", 1, email="x@acme.com", email_verified=True)),
    }
    writes = [Write(f"landing/{name}", None, frame) for name, frame in tables.items()]
    stores.lake.publish(writes, run_id="test", at=NOW)


def run(stores: Stores, *, killed: bool = False) -> Identity:
    """Resolve and publish; `killed`: before the tables that people read are published."""
    found = resolve_and_register(stores, "test", DAY)
    if not killed:
        tables = {"account_xref": found.account_xref, "identity_review": found.review}
        writes = [Write(name, None, frame) for name, frame in tables.items()]
        stores.lake.publish(writes, run_id="test", at=NOW)
    return found


def anew(stores: Stores) -> Identity:
    """What all rows give, whatever was remembered."""
    landed_, decided = identity_tables(stores), decision_table(stores.control)
    return resolve(landed_, stores.model.identity, registry(stores.control), decided)


def assert_same(found: Identity, expected: Identity) -> None:
    for name in set(Identity.__slots__) - {"registry_new"}:
        assert_frame_equal(getattr(found, name), getattr(expected, name))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with house_in(tmp_path).open() as opened:
        land(opened, *FIRST)
        run(opened)
        yield opened


def test_the_next_run_goes_on_from_what_the_last_one_left(stores):
    memory = recall(stores)
    assert memory is not None
    assert memory.resolved.account_xref.height == len(FIRST)
    land(stores, *FIRST, *MORE)
    split = decision(
        "split", ("bill", "1"), ("crm", "1"), author="ann", at=at(20), reason="sold to others"
    )
    append(stores.control, [split])
    assert_same(run(stores), anew(stores))
    memory = recall(stores)
    assert memory is not None
    assert memory.decided.to_list() == [split.id]
    assert memory.resolved.account_xref.height == len(FIRST) + len(MORE)


def test_nothing_new_changes_no_file(stores):
    before = {name: stores.lake.files(name) for name in stores.lake.tables()}
    run(stores)
    assert {name: stores.lake.files(name) for name in stores.lake.tables()} == before


def _killed(stores: Stores) -> None:
    land(stores, *FIRST, MORE[0])
    run(stores, killed=True)


def _imported(stores: Stores) -> None:
    row = {"source": "app", "source_account_id": "9", "account_id": "acc_old", "published_at": NOW}
    register(stores.control, pl.DataFrame([row]))


def _altered(stores: Stores) -> None:
    xref = stores.lake.frame("account_xref").with_columns(confidence=pl.lit(0.5))
    stores.lake.publish([Write("account_xref", None, xref)], run_id="test", at=NOW)


def _of_other_code(stores: Stores) -> None:
    basis = stores.lake.frame(BASIS).with_columns(code=pl.lit("0" * 16))
    stores.lake.publish([Write(BASIS, None, basis)], run_id="test", at=NOW)


@pytest.mark.parametrize(
    ("why", "happens"),
    [
        ("killed before the tables that people read", _killed),
        ("ids were imported", _imported),
        ("the published table is another one", _altered),
        ("the code is another one", _of_other_code),
    ],
)
def test_a_memory_that_does_not_go_with_what_is_in_force_is_not_used(stores, why, happens):
    happens(stores)
    assert recall(stores) is None, why
    land(stores, *FIRST, *MORE)
    assert_same(run(stores), anew(stores))
    assert recall(stores) is not None


@pytest.mark.parametrize(
    ("why", "identity"),
    [
        ("another rule", "likeness: null\nnot_public: [gmail.com]\n"),
        ("likeness counts over all records", "likeness: {link_above: 0.85}\n"),
    ],
)
def test_other_rules_resolve_everything_anew(tmp_path, stores, why, identity):
    with house_in(tmp_path, identity).open() as other:
        assert recall(other) is None, why
        land(other, *FIRST, *MORE)
        assert_same(run(other), anew(other))

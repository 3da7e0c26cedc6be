"""The law of increments: what is resolved of the rows that changed is what resolving all gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from health_pipeline.core.identity.decisions import decision, table_of_decisions
from health_pipeline.core.identity.memory import Memory
from health_pipeline.core.identity.more import Known, resolve_anew, resolve_more
from health_pipeline.core.identity.resolve import REGISTRY_COLUMNS, identity_of
from health_pipeline_tests.core.identity import tables
from health_pipeline_tests.core.identity.tables import (
    NO_REGISTRY,
    account,
    landed,
    link,
    user,
)

RULES = tables.RULES.model_copy(update={"likeness": None})
START = datetime(2026, 3, 1, tzinfo=UTC)

SOURCES = st.sampled_from(["crm", "bill", "app"])
KEYS = st.builds("{}:{}".format, SOURCES, st.integers(1, 5))
DAYS = st.integers(1, 28)
DOMAINS = st.sampled_from(
    [
        *(None, "acme.com", "beta.io", "app.beta.io", "gmail.com", "аcme.com"),
        *("a.desk.io", "b.desk.io", "c.desk.io", "desk.io"),
    ]
)
NAMES = st.sampled_from(
    [None, "Acme Inc", "ACME", "Beta", "Gamma GmbH", "The Gamma", "Beta (formerly Acme)"]
)
ACCOUNTS = st.builds(
    account,
    KEYS,
    DAYS,
    name=NAMES,
    domain=DOMAINS,
    domain_verified=st.sampled_from([None, True, False]),
    region=st.sampled_from([None, "EU"]),
)
LINKS = st.one_of(
    st.builds(
        link, KEYS, st.just("account_id"), st.sampled_from("12345"), DAYS, linked_source=SOURCES
    ),
    st.builds(link, KEYS, st.just("domain"), DOMAINS.filter(bool), DAYS),
    st.builds(link, KEYS, st.just("alias"), NAMES.filter(bool), DAYS),
)
USERS = st.builds(
    user,
    st.sampled_from(["app:u", "app:v", "bill:u", "crm:w"]),
    DAYS,
    source_account_id=st.sampled_from([None, "1", "2", "3"]),
    email=st.sampled_from([None, "x@acme.com", "y@beta.io", "z@gmail.com"]),
    email_verified=st.sampled_from([None, True, False]),
    sso_domain=st.sampled_from([None, "acme.com", "sso.org", "beta.io"]),
)
RECORDS = KEYS.map(lambda key: tuple(key.split(":")))
DECIDED = st.tuples(st.sampled_from(["merge", "split", "undo"]), RECORDS, RECORDS)

ROWS = {"accounts": ACCOUNTS, "account_links": LINKS, "users": USERS}
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            **{name: st.lists(rows, max_size=3) for name, rows in ROWS.items()},
            "gone": st.lists(st.integers(0, 30), max_size=1),
            "decided": st.lists(DECIDED, max_size=1),
        }
    ),
    min_size=1,
    max_size=4,
)
FIRST = st.fixed_dictionaries(
    {
        "accounts": st.lists(ACCOUNTS, min_size=1, max_size=12),
        "account_links": st.lists(LINKS, max_size=4),
        "users": st.lists(USERS, max_size=4),
    }
)


class World:
    """What has landed, what people decided, and which ids were given."""

    def __init__(self, first: dict) -> None:
        self.rows = {name: list(first[name]) for name in ROWS}
        self.made: list = []
        self.registry = NO_REGISTRY

    def step(self, more: dict) -> None:
        for name in ROWS:
            self.rows[name] += more[name]
        for n in more["gone"]:
            kept = [table for table in self.rows.values() if len(table) > 1]
            if kept:
                kept[n % len(kept)].pop(n % len(kept[n % len(kept)]))
        for kind, left, right in more["decided"]:
            self.decide(kind, left, right)

    def decide(self, kind: str, left: tuple[str, str], right: tuple[str, str]) -> None:
        at = START + timedelta(hours=len(self.made))
        told = {"author": "ann", "at": at, "reason": "so it is"}
        if kind != "undo" and left != right:
            self.made.append(decision(kind, left, right, **told))
        elif kind == "undo" and self.made:
            self.made.append(decision("undo", None, None, undoes=self.made[0].id, **told))

    @property
    def landed(self) -> dict[str, pl.DataFrame]:
        return {
            name: landed(name, *rows).unique(maintain_order=True)
            for name, rows in self.rows.items()
            if rows
        }

    @property
    def decisions(self) -> pl.DataFrame:
        return table_of_decisions(self.made)

    def register(self, new: pl.DataFrame) -> None:
        at = pl.lit(START).cast(REGISTRY_COLUMNS["published_at"]).alias("published_at")
        self.registry = pl.concat([self.registry, new.with_columns(at)])


def same_memory(one: Memory, other: Memory) -> None:
    for name in ("rows", "keys"):
        sides = (getattr(memory, name).unique() for memory in (one, other))
        assert_frame_equal(*sides, check_row_order=False)
    sides = (memory.resolved.by_domain for memory in (one, other))
    domains = [side for side in sides if side is not None]
    if domains:
        assert_frame_equal(*domains, check_row_order=False)


NOTHING = {"accounts": [], "account_links": [], "users": [], "gone": [], "decided": []}
NAMED = link("bill:2", "account_id", "3", 9, linked_source="app")


@settings(max_examples=60, deadline=None)
@given(FIRST, STEPS)
@example(  # a user tells of a record that comes to be later, when another one names it
    {
        "accounts": [account("crm:1", 1, domain="acme.com")],
        "account_links": [],
        "users": [user("app:u", 2, source_account_id="3", sso_domain="acme.com")],
    },
    [
        {**NOTHING, "users": [user("crm:w", 3, source_account_id="1", sso_domain="acme.com")]},
        {**NOTHING, "account_links": [NAMED]},
    ],
)
@example(  # and so does a decision
    {"accounts": [account("crm:1", 1)], "account_links": [], "users": []},
    [
        {**NOTHING, "decided": [("merge", ("crm", "1"), ("app", "3"))]},
        {**NOTHING, "account_links": [NAMED]},
    ],
)
def test_what_changed_alone_gives_what_all_gives(first, steps):
    world = World(first)
    answer, memory = resolve_anew(world.landed, RULES, Known(world.registry), world.decisions)
    world.register(answer.registry_new)
    for step in steps:
        world.step(step)
        args = (world.landed, RULES, Known(world.registry), world.decisions)
        more = resolve_more(*args, memory)
        anew, whole = resolve_anew(*args)
        if more is None:
            assert "users" in world.landed
            assert memory.resolved.by_domain is None
            answer, memory = anew, whole
        else:
            answer, memory = more
            found, expected = (identity_of(world.landed, RULES, one) for one in (answer, anew))
            for name in expected.__slots__:
                sides = (getattr(one, name) for one in (found, expected))
                assert_frame_equal(*sides, check_row_order=name != "registry_new")
            same_memory(memory, whole)
        world.register(answer.registry_new)

"""Laws of ids and decisions over sequences: records come, people merge, split and take back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from health_pipeline.core.identity.decisions import decision, listed, table_of_decisions, undone
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.resolve import REGISTRY_COLUMNS, resolve
from health_pipeline_tests.core.identity import tables
from health_pipeline_tests.core.identity.tables import NO_REGISTRY, account, landed, link

RULES = tables.RULES.model_copy(update={"likeness": Likeness(link_above=0.85)})

SOURCES = ("crm", "bill", "app")
KEYS = st.builds("{}:{}".format, st.sampled_from(SOURCES), st.integers(1, 5))
DAYS = st.integers(1, 28)
DOMAINS = st.sampled_from([None, "acme.com", "beta.io", "gamma.de"])
NAMES = st.sampled_from([None, "Acme Inc", "Acme Systems", "Beta", "Beta Group", "Gamma GmbH"])
PLACE = st.integers(0, 10_000)
START = datetime(2026, 3, 1, tzinfo=UTC)


class Company(RuleBasedStateMachine):
    """One world: what was landed, what people decided, which ids were ever published."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: list[dict] = []
        self.links: list[dict] = []
        self.decisions: list = []
        self.registry = NO_REGISTRY
        self.ids: dict[str, str] = {}  # record → account_id
        self.used: dict[str, str] = {}  # account_id → the record for which it was published
        self.ticks = 0

    def now(self) -> datetime:
        self.ticks += 1
        return START + timedelta(hours=self.ticks)

    def resolved(self, random: Random | None = None):
        rows = [self.accounts, self.links, self.decisions]
        if random:
            rows = [random.sample(some, len(some)) for some in rows]
        told = {"accounts": landed("accounts", *rows[0])}
        if rows[1]:
            told["account_links"] = landed("account_links", *rows[1])
        return resolve(told, RULES, self.registry, table_of_decisions(rows[2]))

    def run(self) -> None:
        """Resolve, hold the laws of ids against what was before, and register."""
        before = dict(self.ids)
        found = self.resolved()
        self.ids = ids_of(found)
        was, now = members_of(before), members_of(self.ids)
        kept = {one: was[one] for one in was if one in now}
        assert {one: now[one] for one in kept} == kept, "an untouched account was renamed"
        aliases = dict(found.aliases.iter_rows())
        for source, key, new, _ in found.registry_new.iter_rows():
            assert new not in self.used, "an id was used again"
            self.used[new] = f"{source}:{key}"
        for one, record in self.used.items():
            assert aliases.get(one, one) == self.ids[record], "an id means another account"
        assert not set(aliases) & set(self.ids.values())
        at = pl.lit(self.now()).cast(REGISTRY_COLUMNS["published_at"]).alias("published_at")
        self.registry = pl.concat([self.registry, found.registry_new.with_columns(at)])

    @initialize(key=KEYS, name=NAMES)
    def begins(self, key: str, name: str | None) -> None:
        self.accounts.append(account(key, 14, name=name))
        self.run()

    @rule(key=KEYS, day=DAYS, name=NAMES, domain=DOMAINS)
    def adds(self, key: str, day: int, name: str | None, domain: str | None) -> None:
        self.accounts.append(account(key, day, name=name, domain=domain))
        self.run()

    @rule(key=KEYS, other=KEYS, day=DAYS)
    def names_the_other_id(self, key: str, other: str, day: int) -> None:
        source, _, value = other.partition(":")
        self.links.append(link(key, "account_id", value, day, linked_source=source))
        self.run()

    def decide(self, kind: str, left: str | None, right: str | None, undoes=None) -> None:
        sides = [tuple(one.split(":")) if one else None for one in (left, right)]
        made = decision(kind, *sides, undoes=undoes, author="dana", at=self.now(), reason="told")
        self.decisions.append(made)

    def two(self, one: int, other: int) -> tuple[str, str]:
        known = sorted(self.ids)
        return known[one % len(known)], known[other % len(known)]

    @rule(one=PLACE, other=PLACE)
    def merges(self, one: int, other: int) -> None:
        left, right = self.two(one, other)
        if left != right:
            self.decide("merge", left, right)
            self.run()

    @rule(one=PLACE, other=PLACE)
    def merges_and_takes_back(self, one: int, other: int) -> None:
        left, right = self.two(one, other)
        if self.ids[left] != self.ids[right]:
            before = dict(self.ids)
            self.decide("merge", left, right)
            self.run()
            self.decide("undo", None, None, undoes=self.decisions[-1].id)
            self.run()
            assert self.ids == before, "a merge that was taken back left something behind"

    @precondition(lambda self: any(len(some) > 1 for some in members_of(self.ids)))
    @rule(place=PLACE, which=PLACE)
    def splits(self, place: int, which: int) -> None:
        several = sorted(sorted(some) for some in members_of(self.ids) if len(some) > 1)
        members = several[place % len(several)]
        left = members[which % len(members)]
        rest = self.resolved().account_xref
        anchor = next(
            r for r in in_order(rest, self.accounts, self.links) if r in members and r != left
        )
        ever = set(self.used)
        self.decide("split", left, anchor)
        self.run()
        assert self.ids[left] != self.ids[anchor]
        new = {self.ids[left], self.ids[anchor]} - ever
        for one in {self.ids[left], self.ids[anchor]} & ever:
            assert self.ids[self.used[one]] == one
        assert new or {self.ids[left], self.ids[anchor]} <= ever

    @precondition(lambda self: self.decisions)
    @rule(place=PLACE)
    def takes_back(self, place: int) -> None:
        ordered = listed(table_of_decisions(self.decisions))
        free = [one.id for one in ordered if one.id not in undone(ordered)]
        self.decide("undo", None, None, undoes=free[place % len(free)])
        self.run()

    @rule(random=st.randoms(use_true_random=False))
    def is_built_anew(self, random: Random) -> None:
        """Neither the order of rows nor that in which decisions are replayed says anything."""
        one, again = self.resolved(), self.resolved(random)
        assert one.account_xref.equals(again.account_xref)
        assert one.review.equals(again.review)
        assert ids_of(again) == self.ids
        assert again.registry_new.is_empty()


def ids_of(identity) -> dict[str, str]:
    rows = identity.account_xref.select("source", "source_account_id", "account_id").iter_rows()
    return {f"{source}:{key}": one for source, key, one in rows}


def members_of(ids: dict[str, str]) -> dict[frozenset[str], str]:
    found: dict[str, set[str]] = {}
    for record, one in ids.items():
        found.setdefault(one, set()).add(record)
    return {frozenset(records): one for one, records in found.items()}


def in_order(xref: pl.DataFrame, accounts: list[dict], links: list[dict]) -> list[str]:
    """Records, those known first before the others."""
    since: dict[str, datetime] = {}
    for row in (*accounts, *links):
        ends = [f"{row['source']}:{row['source_account_id']}"]
        if "linked_source" in row:
            ends.append(f"{row['linked_source']}:{row['value']}")
        for end in ends:
            since[end] = min(since.get(end, row["known_at"]), row["known_at"])
    names = [f"{a}:{b}" for a, b in xref.select("source", "source_account_id").iter_rows()]
    return sorted(names, key=lambda name: (since[name], *name.split(":")))


TORTURE = (pytest.mark.torture, pytest.mark.timeout(3 * 3600))
FOURTHS = [pytest.param(250, 50, marks=TORTURE, id=f"fourth-{n}") for n in (1, 2, 3, 4)]
"""A thousand sequences, of which each fourth tells when it is done."""


@pytest.mark.parametrize(("examples", "steps"), [(50, 20), *FOURTHS])
def test_ids_and_decisions_keep_their_laws(examples, steps):
    run_state_machine_as_test(
        Company,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

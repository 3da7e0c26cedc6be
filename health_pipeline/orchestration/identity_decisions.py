"""What people decide about identity: checked against what is landed, noted, and replayed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import polars as pl

from health_pipeline.adapters.store.decisions import append, decisions
from health_pipeline.adapters.store.registry import account_of_alias, registry
from health_pipeline.core.identity.decisions import (
    Decision,
    Record,
    decision,
    in_force,
    said,
    table_of_decisions,
    undone,
)
from health_pipeline.core.identity.records import RECORD
from health_pipeline.core.identity.resolve import Accounts, accounts_of
from health_pipeline.core.identity.why import Why, why
from health_pipeline.orchestration.house import Stores
from health_pipeline.orchestration.identity import trained_model
from health_pipeline.orchestration.identity_history import restating_all
from health_pipeline.orchestration.landed import identity_tables


class DecisionError(ValueError):
    """A decision that cannot be; the message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the decisions of one command do.

    Attributes:
        decisions: as noted; more than one only of a split or an undo.
        moved: source, source_account_id, before, after: records whose account_id becomes another.
        restate: the command that counts it at once and computes history anew, None before any
            published day.
        keeps: of a split, the account_id that the record which leaves takes with it, since it is
            the first record; else None.
    """

    decisions: tuple[Decision, ...]
    moved: pl.DataFrame
    restate: str | None
    keeps: str | None = None


class Desk:
    """Where a person decides: the accounts of now, with every decision so far."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._landed = identity_tables(stores)
        self._registry = registry(stores.control)
        self.decisions = decisions(stores.control)
        self._last: tuple[tuple[str, ...], Accounts] | None = None
        self.accounts = self._with(self.decisions)

    def _with(self, decided: list[Decision]) -> Accounts:
        """The accounts of now as `decided` makes them; the last answer is kept."""
        ids = tuple(one.id for one in decided)
        if self._last is None or self._last[0] != ids:
            rules, model = self._stores.model.identity, trained_model(self._stores)
            made = table_of_decisions(decided)
            found = accounts_of(self._landed, rules, self._registry, made, model)
            self._last = (ids, found)
        return self._last[1]

    def why(self, record: Record) -> Why:
        """What speaks about `record`.

        Raises:
            DecisionError: no such record.
        """
        try:
            return why(self.accounts, self.decisions, record)
        except LookupError as error:
            raise DecisionError(f"{error}{self._near(record[1])}") from None

    def merge(self, one: str, other: str, *, author: str, at: datetime, reason: str) -> Change:
        """Note that two accounts, or records, are one account, with all that either of them held.

        What a likeness had linked to one of them would leave where both have a record of its
        source; it stays by a merge of its own.

        Raises:
            DecisionError: unknown, one account already, kept apart by a decision, or no reason.
        """
        left, right = self._meant(one), self._meant(other)
        accounts = [self._account(record) for record in (left, right)]
        if accounts[0] == accounts[1]:
            raise DecisionError(f"{one} and {other} are one account already: {accounts[0]}")
        for apart in in_force(table_of_decisions(self.decisions)):
            between = {self._account_or_none(record) for record in apart.pair}
            if apart.kind == "split" and between == set(accounts):
                raise DecisionError(
                    f"{one} and {other} are kept apart by {said(apart)}; take that back first: "
                    f"health identity undo {apart.id} --why …"
                )
        said_by = partial(decision, author=author, at=at, reason=reason)
        members = [left, *(one for account in accounts for one in self._members(account))]
        made = [said_by("merge", left, right)]
        _, *others = _first_of_each(self._with([*self.decisions, *made]), members)
        return self._note([*made, *(said_by("merge", left, one) for one in others)])

    def split(self, account: str, record: str, *, author: str, at: datetime, reason: str) -> Change:
        """Note that `record` is no part of `account`: it leaves, or is in doubt no longer.

        It leaves alone, and the others stay one account. That takes further splits where some are
        linked to it by a more trusted rule than to each other, and merges where without it no rule
        makes the others one account.

        Raises:
            DecisionError: unknown, neither part of it nor in doubt, alone in it, joined by a
                decision, or no reason.
        """
        left, mine = self._record(record), self._account(self._meant(account))
        if self._account(left) != mine and not self._in_doubt(self._account(left), mine):
            raise DecisionError(
                f"{record} is no part of {mine} but of {self._account(left)}, and nothing says "
                "that both are one"
            )
        rest = [one for one in self._members(mine) if one != left]
        if not rest:
            raise DecisionError(f"{record} is the only record of {mine}: nothing to split")
        for joined in in_force(table_of_decisions(self.decisions)):
            if joined.kind == "merge" and left in joined.pair and joined.pair & set(rest):
                raise DecisionError(
                    f"{record} was joined by {said(joined)}; take that back instead: "
                    f"health identity undo {joined.id} --why …"
                )
        said_by = partial(decision, author=author, at=at, reason=reason)
        leaves = self._account(left) == mine
        change = self._note(self._taking_off(left, rest, said_by))
        return replace(change, keeps=mine) if leaves and self._account(left) == mine else change

    def _taking_off(
        self, left: Record, rest: Sequence[Record], said_by: Callable[..., Decision]
    ) -> list[Decision]:
        """Splits that set `left` apart from all of `rest`, and merges that keep those together."""
        told = {one: said_by("split", left, one) for one in rest}
        splits = [told[one] for one in self._sides(left, told)]
        first, *others = _first_of_each(self._with([*self.decisions, *splits]), rest)
        made = [*splits, *(said_by("merge", first, one) for one in others)]
        accounts = _accounts_of(self._with([*self.decisions, *made]), [left, *rest])
        if len({accounts[one] for one in rest} - {accounts[left]}) != 1:
            parts = ", ".join(":".join(one) for one in (first, *others))
            raise DecisionError(
                f"{':'.join(left)} cannot be taken off so that the others stay one account; "
                f"without it they are those of {parts}: merge them first"
            )
        return made

    def _sides(self, left: Record, told: Mapping[Record, Decision]) -> list[Record]:
        """Those from whom `left` is to be kept apart for it to be with none of them.

        The first of them where that does; else one of each account that those who are still with
        `left` would be without it; else all that are still with it, too.

        Args:
            left: the record that leaves.
            told: those who stay, in order, each with its split from `left`.
        """
        sides = list(told)[:1]
        if still := self._still_with(left, told, sides):
            sides += _first_of_each(self._with([*self.decisions, *told.values()]), still)
        while still := self._still_with(left, told, sides):
            sides += still
        return sides

    def _still_with(
        self, left: Record, told: Mapping[Record, Decision], sides: Sequence[Record]
    ) -> list[Record]:
        """Those of `told` that `left` is one account with when it is kept apart from `sides`."""
        found = self._with([*self.decisions, *(told[one] for one in sides)])
        accounts = _accounts_of(found, [left, *told])
        return [one for one in told if accounts[one] == accounts[left]]

    def undo(self, asked: Sequence[str], *, author: str, at: datetime, reason: str) -> Change:
        """Note that decisions count no longer.

        Raises:
            DecisionError: unknown, taken back already, or no reason.
        """
        known = {one.id: one for one in self.decisions}
        for id_ in asked:
            if id_ not in known:
                listed = ", ".join(known) or "none was ever made"
                raise DecisionError(f"no decision is called {id_} (known: {listed})")
            if by := undone(self.decisions).get(id_):
                raise DecisionError(f"{id_} is undone already, by {said(by)}")
        said_by = partial(decision, author=author, at=at, reason=reason)
        each = dict.fromkeys(asked)
        return self._note([said_by("undo", None, None, undoes=id_) for id_ in each])

    def _note(self, made: list[Decision]) -> Change:
        if not all(one.reason.strip() for one in made):
            raise DecisionError("--why is blank: give the reason, for those who come later")
        before, after = self.accounts.xref, self._with([*self.decisions, *made])
        now = after.xref.select(*RECORD, pl.col("account_id").alias("after"))
        moved = (
            before.select(*RECORD, pl.col("account_id").alias("before"))
            .join(now, on=RECORD, maintain_order="left")
            .filter(pl.col("before") != pl.col("after"))
        )
        append(self._stores.control, made)
        self.decisions, self.accounts = [*self.decisions, *made], after
        return Change(tuple(made), moved, restating_all(self._stores))

    def _meant(self, asked: str) -> Record:
        """The anchor of the account, or the record, that `asked` names."""
        now = dict(self.accounts.given.aliases.iter_rows())
        for account in (asked, now.get(asked), account_of_alias(self._stores.control, asked)):
            if account and (members := self._members(account)):
                return members[0]
        if record := self._called(asked):
            return record
        raise DecisionError(
            f"no account or record is called {asked}: give an account_id, an old alias or "
            f"SOURCE:ID{self._near(asked)}"
        )

    def _record(self, asked: str) -> Record:
        if record := self._called(asked):
            return record
        raise DecisionError(f"no record is called {asked}: give it as SOURCE:ID{self._near(asked)}")

    def _called(self, asked: str) -> Record | None:
        """The record SOURCE:ID; source and id may hold further colons.

        Raises:
            DecisionError: two records are called so.
        """
        same = pl.format("{}:{}", "source", "source_account_id") == asked
        found: list[Record] = list(self.accounts.xref.filter(same).select(RECORD).iter_rows())
        if len(found) > 1:
            each = " and ".join(f"{key!r} of {source!r}" for source, key in sorted(found))
            raise DecisionError(f"{asked} names {len(found)} records: {each}")
        return found[0] if found else None

    def _near(self, asked: str) -> str:
        """Records of other sources that have the id of `asked` (an id, or SOURCE:ID), in words."""
        parts = asked.split(":")
        keys = [":".join(parts[n:]) for n in range(len(parts))]
        rows = self.accounts.records.filter(pl.col("source_account_id").is_in(keys))
        names = [f"{source}:{known}" for source, known in rows.select(RECORD).iter_rows()]
        return f" (known: {', '.join(sorted(names))})" if names else ""

    def _in_doubt(self, one: str, other: str) -> bool:
        sides = self.accounts.review.select("left_account_id", "right_account_id").iter_rows()
        return any({one, other} == set(pair) for pair in sides)

    def _members(self, account: str) -> list[Record]:
        rows = self.accounts.xref.filter(pl.col("account_id") == account).sort("rec")
        return list(rows.select(RECORD).iter_rows())

    def _account_or_none(self, record: Record) -> str | None:
        return _accounts_of(self.accounts, [record]).get(record)

    def _account(self, record: Record) -> str:
        return self._account_or_none(record) or ""


def _accounts_of(found: Accounts, records: Sequence[Record]) -> dict[Record, str]:
    """The account_id of each of `records` that exists, in their order."""
    asked = pl.DataFrame(records, schema=dict.fromkeys(RECORD, pl.String()), orient="row")
    rows = asked.join(found.xref, on=RECORD, maintain_order="left")
    return {(a, b): one for a, b, one in rows.select(*RECORD, "account_id").iter_rows()}


def _first_of_each(found: Accounts, records: Sequence[Record]) -> list[Record]:
    """Of `records` the first one of each account."""
    first: dict[str, Record] = {}
    for record, one in _accounts_of(found, records).items():
        first.setdefault(one, record)
    return list(first.values())

"""Ids and decisions as one YAML file, and back: a lost control.db loses no account's name."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from health_pipeline.adapters.store.decisions import append, decisions
from health_pipeline.adapters.store.registry import (
    REGISTRY_SCHEMA,
    aliases,
    register,
    registry,
    remember_aliases,
)
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.config.issue import Issue, ModelError
from health_pipeline.config.yaml_reader import Document, read_document
from health_pipeline.core.identity.decisions import KINDS, Decision, decision
from health_pipeline.orchestration.house import Stores

HEAD = (
    "# Published account ids, their aliases, and what people decided: `health identity import`.\n"
)
PARTS: dict[str, tuple[str, ...]] = {
    "registry": tuple(REGISTRY_SCHEMA),
    "aliases": ("alias", "account_id"),
    "decisions": tuple(Decision.__dataclass_fields__),
}
"""Parts of the file, and the keys of a row of each."""

_OPTIONAL = ("left_source", "left_id", "right_source", "right_id", "undoes")

_MAY_BE_EMPTY = ("reason",)
"""What decisions of an earlier release may lack: they were noted, and stay on record."""


def _is_right(key: str, value: Any) -> bool:
    """Whether `value` may stand under `key` of a row."""
    if not isinstance(value, str):
        return value is None and key in _OPTIONAL
    whole = not any("\ud800" <= letter <= "\udfff" for letter in _whole(value))
    return whole and bool(value or key in _MAY_BE_EMPTY)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows of a file were new here."""

    ids: int
    aliases: int
    decisions: int


def exported(stores: Stores) -> str:
    """Registry, aliases and decisions as YAML, the same text for the same content."""
    control = stores.control
    rows: dict[str, list[dict[str, Any]]] = {
        "registry": registry(control).to_dicts(),
        "aliases": [{"alias": a, "account_id": b} for a, b in aliases(control).items()],
        "decisions": [asdict(one) for one in decisions(control)],
    }
    return HEAD + "".join(_part(name, rows[name]) for name in PARTS)


def _part(name: str, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return f"{name}: []\n"
    return f"{name}:\n" + "".join(f"  - {_written(row)}\n" for row in rows)


def _written(row: Mapping[str, Any]) -> str:
    """A row on one line of plain ASCII.

    YAML reads JSON but for characters beyond U+FFFF, which JSON escapes in two halves.
    """
    text = json.dumps(row, default=datetime.isoformat, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda found: _escaped(ord(found[0])), text)


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _whole(value: Any) -> Any:
    """`value`; text with the halves of characters put together, as exports once wrote them."""
    if not isinstance(value, str):
        return value
    # A half without its other half is no character: it stays, and is refused.
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def import_file(stores: Stores, path: Path) -> Imported:
    """Add what `path` holds and control.db does not; a second import changes nothing.

    Raises:
        ModelError: what the file holds wrong, with lines; nothing was imported.
    """
    document = read_document(path)
    if isinstance(document, Issue):
        raise ModelError([document])
    found = _Reader(document, stores)
    ids = found.rows("registry", found.published)
    found.rows("aliases", found.alias)
    found.refuse_circles()
    made = found.rows("decisions", found.decision)
    if found.issues:
        raise ModelError(found.issues)
    return _added(stores, ids, found.aliases, made)


def _added(
    stores: Stores, ids: list[tuple[Any, ...]], names: Mapping[str, str], made: list[Decision]
) -> Imported:
    control = stores.control
    before, xref = registry(control).height, stores.lake.frame("account_xref")
    # An id that is an account's own here is none that resolves to another one.
    live = set() if xref is None else set(xref["account_id"])
    known = live.union(aliases(control))
    new = [(alias, account) for alias, account in names.items() if alias not in known]
    with transaction(control):
        register(control, pl.DataFrame(ids, schema=REGISTRY_SCHEMA, orient="row"))
        remember_aliases(control, pl.DataFrame(new, schema=["alias", "account_id"], orient="row"))
    return Imported(registry(control).height - before, len(new), append(control, made))


class _Reader:
    """Rows of one document, or what is wrong with them."""

    def __init__(self, document: Document, stores: Stores) -> None:
        self.document, self.issues = document, list(document.issues)
        rows = registry(stores.control).select("source", "source_account_id", "account_id")
        self.ids = {(source, key): account for source, key, account in rows.iter_rows()}
        self.holders = {account: record for record, account in self.ids.items()}
        self.aliases: dict[str, str] = {}
        self._places: dict[str, int] = {}
        unknown = [key for key in document.data if key not in PARTS]
        for key in unknown:
            self.refuse((key,), "no part of an export", ", ".join(PARTS))

    def refuse(self, path: tuple[Any, ...], problem: str, allowed: str) -> None:
        """Note what is wrong at `path`."""
        self.issues.append(self.document.issue(path, problem, allowed))

    def rows(self, part: str, read: Callable[[int, dict[str, Any]], Any]) -> list[Any]:
        """The rows of `part` that `read` accepts."""
        listed = self.document.data.get(part) or []
        if not isinstance(listed, list):
            self.refuse((part,), "not a list", "a list of rows")
            return []
        found = [
            read(n, {key: _whole(value) for key, value in row.items()})
            for n, row in enumerate(listed)
            if self._complete(part, n, row)
        ]
        return [one for one in found if one is not None]

    def _complete(self, part: str, n: int, row: Any) -> bool:
        keys = PARTS[part]
        if not isinstance(row, dict) or set(row) != set(keys):
            self.refuse((part, n), "not a row of this part", ", ".join(keys))
            return False
        wrong = [key for key, value in row.items() if not _is_right(key, value)]
        for key in wrong:
            self.refuse((part, n, key), "no text", "text in quotes")
        return not wrong

    def _time(self, part: str, n: int, key: str, text: str) -> datetime | None:
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):  # of a day before the first, or after the last
            pass
        self.refuse((part, n, key), "no time", "a time with its zone, 2026-01-31T09:00:00+00:00")
        return None

    def published(self, n: int, row: dict[str, Any]) -> tuple[Any, ...] | None:
        """A row of the registry that contradicts no other."""
        record, account = (row["source"], row["source_account_id"]), row["account_id"]
        at = self._time("registry", n, "published_at", row["published_at"])
        if self.ids.setdefault(record, account) != account:
            self.refuse(
                ("registry", n, "account_id"),
                f"{':'.join(record)} has another id already",
                self.ids[record],
            )
        elif (holder := self.holders.setdefault(account, record)) != record:
            known = ":".join(holder)
            self.refuse(
                ("registry", n, "account_id"), f"already the id of {known}", "one of its own"
            )
        return (*record, account, at) if at else None

    def alias(self, n: int, row: dict[str, Any]) -> None:
        """Note a row of the aliases that contradicts no other."""
        alias, account = row["alias"], row["account_id"]
        if self.aliases.setdefault(alias, account) != account:
            problem = f"{alias} resolves to another id already"
            self.refuse(("aliases", n, "account_id"), problem, self.aliases[alias])
        self._places.setdefault(alias, n)

    def refuse_circles(self) -> None:
        """Refuse each alias that resolves to itself in the end."""
        for alias, n in self._places.items():
            seen, at = set(), self.aliases.get(alias)
            while at is not None and at not in seen:
                seen.add(at)
                at = self.aliases.get(at)
            if alias in seen:
                self.refuse(("aliases", n), f"{alias} resolves to itself", "another id in the end")

    def decision(self, n: int, row: dict[str, Any]) -> Decision | None:
        """A decision whose id is the hash of what it says."""
        at = self._time("decisions", n, "at", row["at"])
        if row["kind"] not in KINDS:
            self.refuse(("decisions", n, "kind"), "no kind of decision", ", ".join(KINDS))
            return None
        sides = [(row[f"{side}_source"], row[f"{side}_id"]) for side in ("left", "right")]
        whole = all(all(side) for side in sides) and row["undoes"] is None
        if not (whole or (row["kind"] == "undo" and row["undoes"])):
            allowed = "two records, or of an undo the decision that it takes back"
            self.refuse(("decisions", n), "about nothing", allowed)
            return None
        if at is None:
            return None
        left, right = (side if all(side) else None for side in sides)
        made = decision(
            row["kind"],
            left,
            right,
            undoes=row["undoes"],
            author=row["author"],
            at=at,
            reason=row["reason"],
        )
        if made.id != row["id"]:
            self.refuse(("decisions", n, "id"), "not the id of what this row says", made.id)
        return made

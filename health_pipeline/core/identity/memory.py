"""What a resolution leaves for the next one: which rows it saw, which keys stand in which part.

A part is a set of records that nothing connects with any other record: no key, be it refused,
in doubt or withheld, and no decision of a person. What is known of a part alone decides its
accounts, so that a new row can change those parts only that it has a key in common with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.forest import Ints, united
from health_pipeline.core.identity.landed import RECORD, optional, table_of
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.resolve import Accounts, Resolved
from health_pipeline.core.schemas.columns import TIMESTAMP

TEXT = pl.String()
_TOLD: Mapping[str, dict[str, pl.DataType]] = {
    "accounts": {
        **dict.fromkeys((*RECORD, "name", "domain", "region"), TEXT),
        "domain_verified": pl.Boolean(),
        "known_at": TIMESTAMP,
    },
    "account_links": {
        **dict.fromkeys((*RECORD, "kind", "value", "linked_source"), TEXT),
        "known_at": TIMESTAMP,
    },
    "users": {
        **dict.fromkeys((*RECORD, "sso_domain", "sso_claim"), TEXT),
        "known_at": TIMESTAMP,
    },
}
"""All that accounts are resolved from: `claims_of` and `account_records` read nothing else."""

_SPACES = {"domain": 11, "sso_claim": 12, "name": 13}
"""Rules whose keys connect records, and the seed of their hashes. Each key of `verified_domain` is
one of `domain` too, each of `name_region` one of `name`; a foreign key is the record it names."""

_RECORDS = 1
"""Seed of the hashes of records; of rows: see `rows_of`."""

ROWS = {"row": pl.UInt64(), "record": pl.UInt64()}
KEYS = {"key": pl.UInt64(), "part": pl.UInt64()}


@dataclass(frozen=True, slots=True)
class Memory:
    """A resolution as the next one needs it. Hashes are of 64 bits, by polars.

    Attributes:
        rows: `ROWS`: hash of each row seen, and of its record.
        keys: `KEYS`: hash of each record and key, and the part that it stands in.
        resolved: what was found.
        decided: ids of the decisions that counted.
    """

    rows: pl.DataFrame
    keys: pl.DataFrame
    resolved: Resolved
    decided: pl.Series


def can_be_remembered(rules: IdentityRules, registry: pl.DataFrame) -> bool:
    """Whether parts are independent of each other.

    Likeness counts over all records; without one of the rules that connect, a key stands in many
    parts; and a registry that gives one id to two records connects them.
    """
    connecting = {"foreign_key", *_SPACES}
    exact = rules.likeness is None and connecting <= set(rules.rules)
    return exact and not registry["account_id"].is_duplicated().any()


def hashed_records(rows: pl.DataFrame, names: Iterable[str] = RECORD) -> pl.Series:
    """The hash of the record that each row names in the columns `names`."""
    return rows.select(pl.col(list(names)).cast(TEXT)).hash_rows(seed=_RECORDS)


def rows_of(landed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`ROWS` of everything landed that accounts are resolved from."""
    found = [pl.DataFrame(schema=ROWS)]
    for seed, (name, columns) in enumerate(_TOLD.items(), start=_RECORDS + 1):
        rows = telling(landed, name)
        if rows is not None:
            told = rows.select(optional(rows, n, dtype) for n, dtype in columns.items())
            hashes = (told.hash_rows(seed=seed), hashed_records(told))
            found.append(pl.DataFrame(dict(zip(ROWS, hashes, strict=True))))
    return pl.concat(found)


def telling(landed: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame | None:
    """The rows of a table that tell of an account record; most users do not."""
    rows = table_of(landed, name)
    if rows is None or name != "users":
        return rows
    claimed = [pl.col(n).is_not_null() for n in ("sso_domain", "sso_claim") if n in rows.columns]
    if not claimed or "source_account_id" not in rows.columns:
        return None
    return rows.filter(pl.col("source_account_id").is_not_null() & pl.any_horizontal(claimed))


def hashed_keys(keys: pl.DataFrame) -> pl.DataFrame:
    """rec, key: the keys of rules that connect.

    Args:
        keys: rule, value, rec.
    """
    found = [pl.DataFrame(schema={"rec": pl.Int64, "key": pl.UInt64})]
    for rule, seed in _SPACES.items():
        part = keys.lazy().filter(pl.col("rule") == rule).select("rec", "value").collect()
        found.append(part.select("rec", pl.col("value").hash(seed).alias("key")))
    return pl.concat(found)


def remember(
    landed: Mapping[str, pl.DataFrame], found: Accounts, resolved: Resolved, decisions: pl.DataFrame
) -> Memory:
    """What the next resolution needs of this one."""
    return Memory(rows_of(landed), keys_of(found), resolved, decisions["id"])


def keys_of(found: Accounts) -> pl.DataFrame:
    """`KEYS` of the records of `found`."""
    withheld = _withheld(found)
    names = hashed_records(found.records)
    least = names.gather(_parts(found, withheld)).rename("part")
    records = pl.DataFrame({"key": names, "part": least})
    held = hashed_keys(found.keys)
    # Rows of a key follow each other, and all its records stand in one part.
    heads = held.filter(pl.col("key").ne_missing(pl.col("key").shift()))
    of_keys = pl.concat([heads, withheld])
    return pl.concat([records, of_keys.select("key", least.gather(of_keys["rec"]).alias("part"))])


def _withheld(found: Accounts) -> pl.DataFrame:
    """rec, key: withheld keys, and whoever else carries one of them."""
    withheld = hashed_keys(found.withheld)
    if withheld.is_empty():
        return withheld
    others = hashed_keys(found.keys).join(withheld, on="key", how="semi")
    return pl.concat([withheld, others]).unique().sort("key", "rec")


def _parts(found: Accounts, withheld: pl.DataFrame) -> Ints:
    """For each record the least one of its part.

    A key that links made its records one set. Whatever did not link stands in a doubt, is withheld,
    or was refused because of a decision.
    """
    clusters = found.clusters
    hub = withheld.select(pl.col("rec").first().over("key").alias("left"), pl.col("rec"))
    pairs = [
        clusters.doubts.select("left", "right"),
        clusters.apart.select("left", "right"),
        hub.rename({"rec": "right"}),
    ]
    edges = pl.concat(pairs)
    return united(clusters.labels, edges["left"].to_numpy(), edges["right"].to_numpy())

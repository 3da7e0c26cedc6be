"""The records of all systems, numbered in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.landed import (
    RECORD,
    account_ids_of_links,
    is_account_id,
    optional,
    recs_of,
    table_of,
)
from health_pipeline.core.identity.order import anchor_order
from health_pipeline.core.schemas.columns import TIMESTAMP

_RECORDS: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "name": pl.String(),
    "known_at": TIMESTAMP,
}


def _shaped(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """`parts` below each other as `_RECORDS`; columns that a part lacks are null."""
    shaped = [p.select(optional(p, name, dtype) for name, dtype in _RECORDS.items()) for p in parts]
    whole = pl.concat([pl.DataFrame(schema=_RECORDS), *shaped])
    return whole.filter(pl.all_horizontal(pl.col(RECORD).is_not_null()))


@dataclass(frozen=True, slots=True)
class Numbered:
    """The records, and which of them the rows of some tables were found to be.

    Attributes:
        records: see `account_records`.
        accounts: rec of each row of `accounts`; None where they are still to be found.
        near, far: rec of each row of `account_links`, and of the record that a foreign key names;
            null where it is still to be found.
    """

    records: pl.DataFrame
    accounts: pl.Series | None = None
    near: pl.Series | None = None
    far: pl.Series | None = None


def account_records(landed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All account records, in anchor order: least (known_at, source, source_account_id) first.

    A record is a row of `accounts`, either end of an `account_links` row, or, where nobody hands
    in accounts at all, any (source, source_account_id) that some row carries.

    Returns:
        rec (int, the place in that order), source, source_account_id, name (the latest, for
        people), known_at (the first).
    """
    return numbered_records(landed).records


def numbered_records(landed: Mapping[str, pl.DataFrame]) -> Numbered:
    """`account_records`, and what was found on the way to them."""
    accounts, links = table_of(landed, "accounts"), table_of(landed, "account_links")
    named = _once(_shaped([] if accounts is None else [accounts]))
    rows = _shaped(_parts_of(landed, accounts, links))
    place = recs_of(rows, named.with_row_index("rec"))
    whole = _also(named, rows, place)
    order = anchor_order(whole)
    records = whole[order].with_row_index("rec").with_columns(pl.col("rec").cast(pl.Int64))
    rec = np.empty(order.size, dtype=np.int64)
    rec[order] = np.arange(order.size)
    if accounts is None or accounts.height > named.height:
        return Numbered(records)
    found = pl.Series("rec", rec)
    if links is None:
        return Numbered(records, found.head(named.height))
    near, far = _ends(links, found.gather(place))
    return Numbered(records, found.head(named.height), near, far)


def _parts_of(
    landed: Mapping[str, pl.DataFrame], accounts: pl.DataFrame | None, links: pl.DataFrame | None
) -> list[pl.DataFrame]:
    """The rows that name a record and tell nothing else of it."""
    parts = []
    if accounts is None:
        keyed = [f for f in landed.values() if {*RECORD, "known_at"} <= set(f.columns)]
        parts += [frame.select(*RECORD, "known_at") for frame in keyed]
    if links is not None:
        far_end = {"linked_source": "source", "value": "source_account_id"}
        foreign = account_ids_of_links(links).drop(RECORD).rename(far_end)
        parts += [links.select(*RECORD, "known_at"), foreign]
    return parts


def _ends(links: pl.DataFrame, found: pl.Series) -> tuple[pl.Series | None, pl.Series | None]:
    """`Numbered.near` and `Numbered.far`, by what was found of `_parts_of` links.

    None where rows that name no record were left out on the way, so that places have moved.
    """
    names = links.with_columns(optional(links, "linked_source", pl.String()))
    is_foreign = names.select(is_account_id()).to_series()
    foreign = is_foreign.arg_true()
    if found.len() != links.height + foreign.len():
        return None, None
    far = pl.Series("far", [None], dtype=pl.Int64).new_from_index(0, links.height)
    return found.head(links.height), far.scatter(foreign, found.tail(foreign.len()))


def _also(named: pl.DataFrame, rows: pl.DataFrame, place: pl.Series) -> pl.DataFrame:
    """`named` and the records of `rows`, which tell no name, each since it was first known.

    Args:
        named: records with a name.
        rows: records, each any number of times.
        place: for each of `rows` its place in `named`; null: none.
    """
    if named.is_empty() or rows.is_empty():
        return named if rows.is_empty() else _once(rows)
    met = place.is_not_null()
    known = named["known_at"].to_physical().to_numpy().copy()
    at = rows["known_at"].to_physical().filter(met)
    np.minimum.at(known, place.filter(met).to_numpy(), at.to_numpy())
    since = pl.Series("known_at", known).cast(TIMESTAMP)
    return pl.concat([named.with_columns(since), _once(rows.filter(~met))], rechunk=True)


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each record: its latest name, its first known_at."""
    key = rows.select(RECORD).hash_rows()
    if key.n_unique() == rows.height:
        return rows  # a grouping would cost more than all the rest
    several = key.is_duplicated()
    return pl.concat([rows.filter(~several), _grouped(rows.filter(several))])


def _grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """`_once` of records with several rows."""
    named = pl.col("name").is_not_null().sum().alias("named")
    once = rows.group_by(RECORD).agg(pl.col("name").max(), pl.col("known_at").min(), named)
    renamed = once.filter(pl.col("named") > 1).select(RECORD)
    if renamed.is_empty():  # nearly always: sorting in groups costs several times the grouping
        return once.drop("named")
    latest = (
        rows.filter(pl.col("name").is_not_null())
        .join(renamed, on=RECORD, how="semi")
        .sort("known_at", "name")
        .unique(RECORD, keep="last", maintain_order=True)
        .select(*RECORD, pl.col("name").alias("latest"))
    )
    found = once.join(latest, on=RECORD, how="left")
    return found.select(*RECORD, pl.coalesce("latest", "name").alias("name"), "known_at")

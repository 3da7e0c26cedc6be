"""Reading landed tables of which columns, or the whole, may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from health_pipeline.core.schemas.columns import TIMESTAMP
from health_pipeline.core.schemas.sources import SOURCE_TABLES

RECORD = ("source", "source_account_id")


def table_of(landed: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame | None:
    """The landed table, None when it is not connected or holds no row."""
    frame = landed.get(name)
    return None if frame is None or frame.is_empty() else frame


def optional(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """Column `name`, or nulls where no source provides it."""
    column = pl.col(name) if name in frame.columns else pl.lit(None)
    return column.cast(dtype).alias(name)


def standing(links: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The rows of `account_links` that their source has not taken back by `now`.

    The latest version of a tie says whether it stands, for all of its versions: a foreign key that
    was a mistake never tied anything.
    """
    key = SOURCE_TABLES["account_links"].key
    told = links.with_columns(optional(links, "deleted_at", TIMESTAMP))
    if told["deleted_at"].null_count() == told.height:
        return links
    latest = told.sort("known_at", maintain_order=True).unique(key, keep="last")
    gone = latest.filter(pl.col("deleted_at") <= now)
    return links.join(gone, on=key, how="anti", maintain_order="left")


def is_account_id() -> pl.Expr:
    """Whether a link is a usable foreign key."""
    return (pl.col("kind") == "account_id") & pl.col("linked_source").is_not_null()


def account_ids_of_links(links: pl.DataFrame, *more: str) -> pl.DataFrame:
    """The usable foreign keys: source, source_account_id, linked_source, value, known_at, more."""
    linked = links.with_columns(optional(links, "linked_source", pl.String()))
    return linked.filter(is_account_id()).select(
        *RECORD, "linked_source", "value", "known_at", *more
    )


def with_rec(
    rows: pl.DataFrame, records: pl.DataFrame, known: pl.Series | None = None
) -> pl.DataFrame:
    """`rows` with the number of their record (see `recs_of`); rows of no record are dropped."""
    rec = recs_of(rows, records, known)
    whole = rows.with_columns(rec.alias("rec"))
    return whole.filter(rec.is_not_null()) if rec.null_count() else whole


def recs_of(rows: pl.DataFrame, records: pl.DataFrame, known: pl.Series | None = None) -> pl.Series:
    """The number of the record of each of `rows`; null: none.

    Numbers join several times faster than two texts do, so the hashes of the names are joined, and
    the names compared where they meet. Where two names have one hash, the names are joined.

    Args:
        rows: source, source_account_id, ….
        records: source, source_account_id, rec; each record once.
        known: numbers found before; null where not.
    """
    if known is not None:
        open_ = known.is_null().arg_true()
        if open_.is_empty():
            return known
        return known.clone().scatter(open_, recs_of(rows.select(RECORD)[open_], records))
    hashes = records.select(RECORD).hash_rows()
    asked = rows.select(RECORD).hash_rows()
    places = hashes.to_frame("key").with_row_index("place")
    if rows.height * 2 < records.height:  # most records are not asked for
        places = places.filter(hashes.is_in(asked.implode()))
    hashed = asked.to_frame("key")
    place = hashed.join(places, on="key", how="left", maintain_order="left")["place"]
    if place.len() > rows.height:
        named = records.select(*RECORD, "rec")
        return rows.select(RECORD).join(named, on=RECORD, how="left", maintain_order="left")["rec"]
    same = [rows[name] == records[name].gather(place) for name in RECORD]
    rec = records["rec"].cast(pl.Int64).gather(place)
    return rec.set(~(same[0] & same[1]).fill_null(value=False), None)

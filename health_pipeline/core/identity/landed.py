"""Reading landed tables of which columns, or the whole, may be missing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

RECORD = ("source", "source_account_id")


def table_of(landed: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame | None:
    """The landed table, None when it is not connected or holds no row."""
    frame = landed.get(name)
    return None if frame is None or frame.is_empty() else frame


def optional(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """Column `name`, or nulls where no source provides it."""
    column = pl.col(name) if name in frame.columns else pl.lit(None)
    return column.cast(dtype).alias(name)


def account_ids_of_links(links: pl.DataFrame, *more: str) -> pl.DataFrame:
    """The usable foreign keys: source, source_account_id, linked_source, value, known_at, more."""
    linked = links.with_columns(optional(links, "linked_source", pl.String()))
    return linked.filter(
        (pl.col("kind") == "account_id") & pl.col("linked_source").is_not_null()
    ).select(*RECORD, "linked_source", "value", "known_at", *more)


def with_rec(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the number of their record; rows of no record are dropped.

    Numbers join several times faster than two texts do, so the hashes of the names are joined, and
    the names compared where they meet. Where two names have one hash, the names are joined.

    Args:
        rows: source, source_account_id, ….
        records: source, source_account_id, rec; each record once.
    """
    places = records.select(RECORD).hash_rows().to_frame("key").with_row_index("place")
    hashed = rows.select(RECORD).hash_rows().to_frame("key")
    if rows.height * 2 < records.height:  # most records are not asked for
        places = places.filter(pl.col("key").is_in(hashed["key"].implode()))
    place = hashed.join(places, on="key", how="left", maintain_order="left")["place"]
    if place.len() > rows.height:
        return rows.join(records.select(*RECORD, "rec"), on=RECORD)
    same = [rows[name] == records[name].gather(place) for name in RECORD]
    known = (same[0] & same[1]).fill_null(value=False)
    whole = rows.with_columns(records["rec"].gather(place).alias("rec"))
    return whole if known.all() else whole.filter(known)

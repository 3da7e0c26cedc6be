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


def account_ids_of_links(links: pl.DataFrame) -> pl.DataFrame:
    """The usable foreign keys: source, source_account_id, linked_source, value, known_at."""
    linked = links.with_columns(optional(links, "linked_source", pl.String()))
    return linked.filter(
        (pl.col("kind") == "account_id") & pl.col("linked_source").is_not_null()
    ).select(*RECORD, "linked_source", "value", "known_at")


def with_rec(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the number of their record; rows of no record are dropped.

    Numbers join several times faster than two texts do, so the hashes of the names are joined, and
    the names compared where they meet. Where two names have one hash, the names are joined.

    Args:
        rows: source, source_account_id, ….
        records: source, source_account_id, rec; each record once.
    """
    narrow = records.select(*RECORD, "rec")
    key = narrow.select(RECORD).hash_rows()
    if key.n_unique() < narrow.height:
        return rows.join(narrow, on=RECORD)
    hashed = rows.with_columns(rows.select(RECORD).hash_rows().alias("_key"))
    met = hashed.join(
        narrow.with_columns(key.alias("_key")), on="_key", suffix="_of_rec", maintain_order="left"
    )
    same = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_of_rec") for name in RECORD)
    return met.filter(same).drop("_key", *(f"{name}_of_rec" for name in RECORD))

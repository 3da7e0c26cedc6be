"""The tables that people read: each record with its account and why, and the pairs in doubt."""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline.core.identity.belong import known_to_belong
from health_pipeline.core.identity.clusters import Clusters
from health_pipeline.core.identity.forest import Ints
from health_pipeline.core.identity.ids import GivenIds
from health_pipeline.core.identity.landed import RECORD
from health_pipeline.core.schemas.results import RESULT_TABLES


def _first_links(links: pl.DataFrame, size: int) -> Ints:
    """For each record the row of the link by the most trusted rule, of those the one known first.

    Returns:
        The number of links where a record has none.
    """
    found = np.full(size, links.height, dtype=np.int64)
    if links.is_empty():
        return found
    since = links["known_at"].to_physical().to_numpy()
    # Trust in the high bits: 2^57 microseconds are 4,500 years.
    place = ((links["trust"].to_numpy().astype(np.int64) + 1) << 57) + (since - since.min())
    best = np.full(size, np.iinfo(np.int64).max)
    ends = [links[side].to_numpy() for side in ("left", "right")]
    for end in ends:
        np.minimum.at(best, end, place)
    rows = [np.flatnonzero(best[end] == place) for end in ends]
    recs = np.concatenate([end[row] for end, row in zip(ends, rows, strict=True)])
    row = np.concatenate(rows)
    found[recs] = row
    several = np.bincount(recs, minlength=size)[recs] > 1
    told = links.select("rule", "evidence", "left", "right")[row[several]]
    named = told.with_columns(pl.Series("rec", recs[several]), pl.Series("row", row[several]))
    tied = named.sort("rec", "rule", "evidence", "left", "right")
    chosen = tied.unique("rec", keep="first", maintain_order=True)
    found[chosen["rec"].to_numpy()] = chosen["row"].to_numpy()
    return found


def xref_of(records: pl.DataFrame, clusters: Clusters, given: GivenIds) -> pl.DataFrame:
    """Columns of `account_xref` with rec and anchor (bool): each record, its account, and why.

    A record belongs from the day on which a chain of known links leads to the anchor, or to a
    record with a published id.
    """
    anchor = pl.Series("anchor", clusters.labels) == records["rec"]
    roots = given.registered | anchor.to_numpy()
    since = known_to_belong(records["known_at"], clusters.links, roots, clusters.labels)
    rows = records.select("rec", *RECORD).with_columns(
        given.accounts.alias("account_id"), since.alias("linked_at"), anchor.alias("anchor")
    )
    by_itself = {"rule": "anchor", "evidence": "first known record", "confidence": 1.0}
    links = clusters.links.select(*by_itself)
    told = pl.concat([links, pl.DataFrame(by_itself)], rechunk=True)
    place = _first_links(clusters.links, records.height)
    place[anchor.to_numpy()] = links.height
    return rows.with_columns(told[place].get_columns())


def review_of(clusters: Clusters, records: pl.DataFrame, xref: pl.DataFrame) -> pl.DataFrame:
    """`identity_review`: one row for each pair of records in doubt that are not one account."""
    doubts, labels = clusters.doubts, clusters.labels
    sides = [pl.Series(labels[doubts[side].to_numpy()]) for side in ("left", "right")]
    doubts = doubts.with_columns(l=sides[0], r=sides[1]).filter(pl.col("l") != pl.col("r"))
    foes = clusters.foes()
    apart = pl.DataFrame(
        [row for one, two, why in foes for row in ((one, two, why), (two, one, why))],
        schema={"l": pl.Int64, "r": pl.Int64, "kept": pl.String},
        orient="row",
    )
    told = pl.col("why").str.starts_with("kept apart").not_() & pl.col("kept").is_not_null()
    pairs = (
        doubts.join(apart.group_by("l", "r").agg(pl.col("kept").min()), on=["l", "r"], how="left")
        .with_columns(
            pl.when(told).then(pl.format("{} ({})", "kept", "why")).otherwise("why").alias("why")
        )
        .sort("left", "right", "probability", "why", descending=[False, False, True, False])
        .unique(["left", "right"], keep="first", maintain_order=True)
    )
    met = pl.col("rec").is_in(pl.concat([pairs["left"], pairs["right"]]).unique().implode())
    side = (
        records.select("rec", *RECORD, "name")
        .filter(met)
        .join(xref.select("rec", "account_id").filter(met), on="rec")
    )
    for end in ("left", "right"):
        named = side.rename(
            {name: f"{end}_{name}" for name in (*RECORD, "account_id", "name")} | {"rec": end}
        )
        pairs = pairs.join(named, on=end, maintain_order="left")
    return RESULT_TABLES["identity_review"].conform(pairs)

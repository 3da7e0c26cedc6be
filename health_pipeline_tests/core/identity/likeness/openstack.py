"""The protocol: aliases that people typed, against a reference that lacks 30 % of companies."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import polars as pl

FILE = Path("er_company_names_openstack") / "company_names.csv"
SHARED = Path(__file__).parents[5] / "shared" / "data"
QUERY = 10_000


class World(NamedTuple):
    """The reference, the queries, and which company each query is (null: none of them)."""

    reference: pl.DataFrame
    queries: pl.DataFrame
    truth: pl.DataFrame


def world(
    seed: int, query: str = "alias", kept: tuple[str, ...] = ("canonical", "domain")
) -> World:
    raw = pl.read_csv(SHARED / FILE)
    entities = sorted(raw["entity"].unique())
    out = set(random.Random(seed).sample(entities, round(0.3 * len(entities))))
    number = dict(zip(entities, range(len(entities)), strict=True))
    company = pl.col("entity").replace_strict(number, return_dtype=pl.Int64)
    absent = pl.col("entity").is_in(list(out))
    told = raw.unique(maintain_order=True).with_columns(
        pl.when(pl.col("kind") == "domain").then(pl.lit("domain")).otherwise(pl.lit("name"))
        .alias("how"), company.alias("company"), absent.alias("absent"),
    )  # fmt: skip
    reference = told.filter(pl.col("kind").is_in(kept) & ~absent).select(
        rec="company", kind="how", value="value", group="company"
    )
    asked = told.filter(pl.col("kind") == query).with_row_index("row")
    rec = pl.col("row").cast(pl.Int64) + QUERY
    truth = pl.when(~pl.col("absent")).then("company")
    return World(
        reference,
        asked.select(rec=rec, kind="how", value="value"),
        asked.select(rec=rec, truth=truth, value="value"),
    )


class Quality(NamedTuple):
    """Links by themselves, and with the queue's candidates counted as found."""

    precision: float
    recall: float
    found_precision: float
    found_recall: float
    queue: float
    most: int

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall or 1)

    @property
    def found_f1(self) -> float:
        both = self.found_precision + self.found_recall
        return 2 * self.found_precision * self.found_recall / (both or 1)


def quality(pairs: pl.DataFrame, truth: pl.DataFrame) -> Quality:
    """Quality of left, right (a company), link; strict: a queue entry without the truth is wrong.

    Args:
        pairs: a linked query counts by its link alone.
        truth: rec, truth.
    """
    told = pairs.join(truth, left_on="left", right_on="rec").with_columns(
        (pl.col("right") == pl.col("truth")).fill_null(value=False).alias("true")
    )
    links = told.filter("link")
    queue = told.join(links.select("left"), on="left", how="anti")
    asked = queue.group_by("left").agg(pl.col("true").any(), pl.len())
    known = truth["truth"].count()
    right, found = int(links["true"].sum()), int(asked["true"].sum())
    answers = links.height + asked.height
    return Quality(
        right / max(1, links.height), right / known,
        (right + found) / max(1, answers), (right + found) / known,
        asked.height / truth.height, int(asked["len"].max() or 0),  # type: ignore[arg-type]
    )  # fmt: skip

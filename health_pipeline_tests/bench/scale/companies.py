"""A seeded world of account records for identity: companies as four systems write them.

Sizes are skewed where that matters: a few names are carried by many companies (Zipf), a few
groups own many companies under one domain. No likeness is drawn, only what exact keys can decide.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

SOURCES = ("crm", "product", "support", "billing")
SEED = 11
FORMS = ("", " Inc", " GmbH", " Ltd.", ", LLC", " B.V.")
HOURS = 365 * 24 * 3


def companies(count: int, seed: int = SEED) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`accounts` and `account_links` as landed, of `count` companies in each of four systems.

    A company has its domain in a record or none (15 %), its legal name in some form; half of the
    billing and a third of the support records name the CRM's id. One company in 500 shares its
    name with others (Zipf), one in 100 its domain with a group.
    """
    draw = np.random.default_rng(seed)
    company = np.arange(count)
    shared = draw.random(count) < 1 / 500
    named = np.where(shared, -(draw.zipf(1.5, count) % 50) - 1, company)
    grouped = draw.random(count) < 1 / 100
    domain = np.where(grouped, -(draw.zipf(1.3, count) % (count // 200 + 1)) - 1, company)
    parts = []
    for place, source in enumerate(SOURCES):
        form, hour = draw.integers(0, len(FORMS), count), draw.integers(0, HOURS, count)
        frame = pl.DataFrame(
            {
                "company": company,
                "named": named,
                "home": domain,
                "form": form,
                "bare": draw.random(count) < 0.15,
                "hour": hour,
                "names_crm": draw.random(count) < (0, 0, 1 / 3, 1 / 2)[place],
            }
        ).with_columns(pl.lit(source).alias("source"))
        parts.append(frame.sample(fraction=1.0, shuffle=True, seed=seed + place))
    whole = pl.concat(parts)
    start = pl.datetime(2022, 1, 1, time_unit="us", time_zone="UTC")
    legal = pl.col("form").replace_strict(range(len(FORMS)), FORMS, return_dtype=pl.String)
    accounts = whole.select(
        pl.when(pl.col("hour") % 9 == 0).then(pl.lit(value=True)).alias("domain_verified"),
        "source",
        pl.format("{}-{}", pl.col("source").str.slice(0, 1), "company").alias("source_account_id"),
        pl.concat_str(pl.format("Company {}", "named"), legal).alias("name"),
        pl.when(~pl.col("bare")).then(pl.format("company{}.com", "home")).alias("domain"),
        (start + pl.duration(hours="hour")).alias("known_at"),
    )
    links = whole.filter("names_crm").select(
        "source",
        pl.format("{}-{}", pl.col("source").str.slice(0, 1), "company").alias("source_account_id"),
        pl.lit("account_id").alias("kind"),
        pl.format("c-{}", "company").alias("value"),
        pl.lit("crm").alias("linked_source"),
        (start + pl.duration(hours="hour")).alias("known_at"),
    )
    return accounts, links


def write(folder: Path, count: int) -> None:
    """The tables of `companies` as Parquet in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(("accounts", "account_links"), companies(count), strict=True):
        frame.write_parquet(folder / f"{name}.parquet")

"""Records that no exact key links: what likeness says of them, after all exact rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
import polars as pl

from health_pipeline.core.identity.clusters import Clusters
from health_pipeline.core.identity.landed import RECORD, table_of
from health_pipeline.core.identity.legal_names import is_placeholder
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.likeness.propose import (
    LIKELY,
    ONLY_SHOWN,
    features_of,
    likely_pairs,
    with_trained,
)
from health_pipeline.core.identity.names import DISGUISED_DOMAIN
from health_pipeline.core.identity.shown_by_users import shown_by_users

Trained = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""A model that learns from links: names (rec, kind, value) and links (left, right, of rec), to
left, right (the smaller rec first), trained (0 to 1)."""


def undecided(
    landed: Mapping[str, pl.DataFrame],
    records: pl.DataFrame,
    keys: pl.DataFrame,
    clusters: Clusters,
    rules: Likeness,
    public: Collection[str],
    trained: Trained | None = None,
) -> pl.DataFrame:
    """Pairs of a record that is alone and an account that it may be.

    What an exact rule left in doubt never links by likeness: the doubt stands, whatever the
    names.

    Args:
        landed: contract tables, for the aliases of `account_links` and the domains of users.
        records: `account_records`.
        keys: `account_keys`.
        clusters: by all exact rules.
        rules: thresholds and engine.
        public: `public_hosts`, whose addresses show nobody's domain.
        trained: the model of `engine: splink`.

    Returns:
        `LIKELY`: left, right (rec), probability, why, link.

    Raises:
        ValueError: the engine needs a model and none was given.
    """
    names = names_of(landed, records, keys)
    alone = pl.Series(np.bincount(clusters.labels)[clusters.labels] == 1, dtype=pl.Boolean)
    if names.is_empty() or not alone.any():  # reading the names costs more than all exact rules
        return pl.DataFrame(schema=LIKELY)
    own = names.filter(pl.col("kind") != "name").select("rec")
    theirs = shown_by_users(landed, records, own, public)
    shown = theirs.select("rec", pl.lit(ONLY_SHOWN).alias("kind"), "value")
    names = pl.concat([names, shown]).sort("rec", "kind", "value")
    labels = pl.Series("group", clusters.labels)
    sides = records.select("rec", "source", labels, alone.alias("alone"))
    features = None
    if rules.engine == "splink":
        if trained is None:
            raise ValueError("likeness.engine: splink without a trained model")
        links = clusters.links.select("left", "right").unique()
        plain = names.filter(pl.col("kind") != ONLY_SHOWN)
        features = with_trained(features_of(sides, plain), trained(plain, links))
    found = likely_pairs(sides, names, rules, features)
    return found.with_columns((pl.col("link") & ~_in_doubt(found, clusters)).alias("link"))


def names_of(
    landed: Mapping[str, pl.DataFrame], records: pl.DataFrame, keys: pl.DataFrame
) -> pl.DataFrame:
    """What records are called, as written: rec, kind (name, domain, shown), value.

    Only names that gave no key can be placeholders.
    """
    told = [records.select("rec", pl.lit("name").alias("kind"), value="name")]
    read = keys.filter(pl.col("rule") == "name").select("rec")
    unread = told[0].join(read, on="rec", how="anti").drop_nulls()
    links = table_of(landed, "account_links")
    if links is not None:
        aliases = links.filter(pl.col("kind") == "alias").join(
            records.select("rec", *RECORD), on=RECORD
        )
        told.append(aliases.select("rec", pl.lit("name").alias("kind"), "value"))
        unread = pl.concat([unread, told[1]])
    nobody = [value for value in unread["value"].unique().to_list() if is_placeholder(value)]
    for rule, kind in (("domain", "domain"), (DISGUISED_DOMAIN, ONLY_SHOWN)):
        of_rule = keys.filter(pl.col("rule") == rule)
        told.append(of_rule.select("rec", pl.lit(kind).alias("kind"), "value"))
    whole = pl.concat(told).drop_nulls().filter(~pl.col("value").is_in(nobody))
    return whole.unique().sort("rec", "kind", "value")


def _in_doubt(pairs: pl.DataFrame, clusters: Clusters) -> pl.Series:
    """Whether an exact rule left the accounts of a pair to a person."""
    doubts = {
        frozenset((int(clusters.labels[left]), int(clusters.labels[right])))
        for left, right in clusters.doubts.select("left", "right").iter_rows()
    }
    ends = pairs.select("left", "right").iter_rows()
    told = [
        frozenset((int(clusters.labels[a]), int(clusters.labels[b]))) in doubts for a, b in ends
    ]
    return pl.Series(told, dtype=pl.Boolean)

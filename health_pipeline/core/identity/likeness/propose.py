"""What a likeness leads to: a few candidates for a person, rarely a link."""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline.core.identity.components import components
from health_pipeline.core.identity.likeness.candidates import candidates
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.likeness.weights import probability, weights, why

ONLY_SHOWN = "shown"
"""The kind of a domain by which nobody is found, and which speaks against others: one that looks
like another, or one that a record's users show."""

RUNNER_UP = 0.05
"""A further candidate is shown down to this part of `review_above`, beside one that reaches it."""

LIKELY: dict[str, pl.DataType] = {
    "left": pl.Int64(),
    "right": pl.Int64(),
    "probability": pl.Float64(),
    "why": pl.String(),
    "link": pl.Boolean(),
}


def _doubt() -> pl.Expr:
    return pl.concat_str(
        pl.when("several").then(pl.lit("names several companies")),
        pl.when("doubtful").then(
            pl.lit("mixed scripts, hidden or look-alike letters, or too long")
        ),
        pl.when("other_domains").then(pl.lit("different domains")),
        pl.when("rivalled").then(pl.lit("another is likely too")),
        separator="; ",
        ignore_nulls=True,
    )


def _best_of_each_account(features: pl.DataFrame) -> pl.DataFrame:
    """One row for each left record and account: the way of meeting that is most probable.

    Of several equally probable the doubtful one; names with brackets are read in several ways.
    """
    most = ("alone", "several", "doubtful")
    order = ("left", "group", *most, "right", "level", "key", "rest", "rest_right")
    own = features["trained"] if "trained" in features.columns else probability(features)
    return (
        features.with_columns(own.alias("alone"))
        .sort(order, descending=[name in most for name in order])
        .unique(("left", "group"), keep="first", maintain_order=True)
    )


def _among_rivals(pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` with the probability beside the others: one of them is right, or none."""
    odds = pl.col("alone") / (1 - pl.col("alone").clip(0, 1 - 1e-15))
    beside = pairs.with_columns((odds / (1 + odds.sum().over("left"))).alias("probability"))
    likely = (pl.col("alone") >= 0.5).sum().over("left") > 1
    rivalled = (likely & (pl.col("level") != "exact")).alias("rivalled")
    less = (1 + odds.sum().over("left")).log(2) - (1 + odds).log(2)
    return beside.with_columns((-less).alias("bits_rivals"), rivalled)


def proposals(features: pl.DataFrame, rules: Likeness) -> pl.DataFrame:
    """The candidates that are shown or linked, each with its probability and its reasons.

    Args:
        features: `candidates`; with `other_domains` (bool) where domains are known to disagree,
            and with `trained` (0 to 1) where a trained model gives the probability.
        rules: thresholds.

    Returns:
        left, right, group, probability, why, link; at most `rules.candidates` for each left,
        sorted by left, then the most probable first.
    """
    known = "other_domains" in features.columns
    told = features if known else features.with_columns(pl.lit(False).alias("other_domains"))
    pairs = _among_rivals(_best_of_each_account(told))
    best = pl.col("probability").max().over("left")
    shown = (
        pairs.filter(best >= rules.review_above)
        .filter(pl.col("probability") >= RUNNER_UP * rules.review_above)
        .sort("left", "probability", "group", descending=[False, True, False])
        .filter(pl.int_range(pl.len()).over("left") < rules.candidates)
    )
    bits = [part.alias(f"bits_{name}") for name, part in weights().items()]
    doubted = shown.with_columns(*bits, _doubt().replace("", None).alias("doubt"))
    never = rules.link_above is None
    link = pl.lit(False) if never else pl.col("probability") >= rules.link_above
    columns = ("left", "right", "group", "probability")
    sure = (link & pl.col("doubt").is_null()).alias("link")
    return doubted.select(*columns, why().alias("why"), sure)


def with_trained(features: pl.DataFrame, trained: pl.DataFrame) -> pl.DataFrame:
    """`features` with the probability of a trained model; pairs that it did not see get 0.

    Args:
        features: `candidates`.
        trained: left, right (the smaller rec first), trained (0 to 1).
    """
    ends = {"left": pl.min_horizontal("left", "right"), "right": pl.max_horizontal("left", "right")}
    pairs = features.select(**ends).join(
        trained, on=("left", "right"), how="left", maintain_order="left"
    )
    return features.with_columns(pairs["trained"].fill_null(0.0))


def features_of(records: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """`candidates` of the records that are alone among all; arguments as of `likely_pairs`."""
    plain = names.drop_nulls("value").filter(pl.col("kind") != ONLY_SHOWN)
    rights = plain.join(records.select("rec", "group", "source"), on="rec")
    lefts = plain.join(records.filter("alone").select("rec", "source"), on="rec")
    return candidates(lefts, rights)


def _domains_apart(features: pl.DataFrame, names: pl.DataFrame, groups: pl.DataFrame) -> pl.Series:
    """Whether both sides show domains, and none in common."""
    domains = names.filter(pl.col("kind").is_in(["domain", ONLY_SHOWN]))
    of_rec = domains.group_by("rec").agg(pl.col("value").unique().alias("mine"))
    of_group = domains.join(groups, on="rec").group_by("group")
    theirs = of_group.agg(pl.col("value").unique().alias("theirs"))
    both = features.select("left", "group").join(of_rec, left_on="left", right_on="rec", how="left")
    both = both.join(theirs, on="group", how="left", maintain_order="left")
    shared = pl.col("mine").list.set_intersection("theirs").list.len() > 0
    return both.select((~shared).fill_null(value=False)).to_series()


def _one_row_each(pairs: pl.DataFrame, alone: pl.DataFrame) -> pl.DataFrame:
    """Each pair once. Two records that are alone must each find the other to be linked."""
    both = pl.col("right").is_in(alone["rec"].implode())
    ordered = pairs.with_columns(
        pl.min_horizontal("left", "right").alias("low"),
        pl.max_horizontal("left", "right").alias("high"),
        pl.when(both).then(2).otherwise(1).alias("needed"),
    )
    return (
        ordered.sort("low", "high", "left")
        .group_by("low", "high", maintain_order=True)
        .agg(
            pl.col("left", "right", "why").first(),
            pl.col("probability").min(),
            (pl.col("link").all() & (pl.len() >= pl.col("needed").first())).alias("link"),
        )
        .select(LIKELY.keys())
    )


def _one_of_a_source(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.Series:
    """`link`, but where links would make one account of two records of one source."""
    order = records.select(
        "rec", (pl.col("group").rank("dense").cast(pl.Int64) - 1).alias("number")
    )
    count = records["group"].n_unique()
    linked = pairs.filter("link")
    left, right = (
        linked.join(order, left_on=side, right_on="rec", maintain_order="left")["number"].to_numpy()
        for side in ("left", "right")
    )
    _, labels = components(left, right, count)
    account = pl.Series("account", labels[order["number"].to_numpy()].astype(np.int64))
    held = records.with_columns(account)
    twice = held.group_by("account", "source").agg(pl.col("group").n_unique().alias("groups"))
    bad = twice.filter(pl.col("groups") > 1)["account"].unique()
    of_left = pairs.select("left").join(
        held.select("rec", "account"), left_on="left", right_on="rec", how="left",
        maintain_order="left",
    )  # fmt: skip
    return pairs["link"] & ~of_left["account"].is_in(bad.implode())


def likely_pairs(
    records: pl.DataFrame,
    names: pl.DataFrame,
    rules: Likeness,
    features: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What no exact key decides: records that are alone, and the accounts that they may be.

    A record is never linked so that an account holds two records of one source, nor on names where
    domains disagree; such pairs are shown.

    Args:
        records: rec, source, group (its account by exact keys: any number that its records
            share), alone (bool: no other record shares it).
        names: rec, kind (name, domain, shown), value; each name and normalised domain of a
            record. One that is only shown is not compared, and disagrees with all others.
        rules: thresholds.
        features: `features_of` these records, with the probability of a trained model.

    Returns:
        `LIKELY`: left, right (rec), probability, why, link; sorted by left, then by probability.
    """
    sources = records.select("rec", "source", "group")
    alone = records.filter("alone").select("rec")
    named = names.drop_nulls("value")
    if features is None:
        features = features_of(records, names)
    groups = sources.select("rec", "group")
    apart = _domains_apart(features, named, groups).alias("other_domains")
    pairs = features.with_columns(apart)
    single = _one_row_each(proposals(pairs, rules).drop("group"), alone)
    linked = single.with_columns(_one_of_a_source(single, sources).alias("link"))
    by = ("left", "probability", "right")
    return linked.sort(by, descending=[False, True, False]).cast(pl.Schema(LIKELY))

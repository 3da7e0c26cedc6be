"""Probabilities of a Splink model trained on the links that exact keys made (extra `splink`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.adapters.engines.spark_session import session
from health_pipeline.core.identity.likeness.forms import Form, domain_forms, name_forms
from health_pipeline.core.identity.likeness.words import kind_of

if TYPE_CHECKING:
    from splink import SettingsCreator

LEAST_LINKS = 100
"""Deterministic links below which a model is not trained."""

SEED = 1


class LikenessError(ValueError):
    """No model can be trained; the message says why and the way out."""


_COLUMNS: dict[str, pl.DataType] = {
    "unique_id": pl.Int64(),
    "whole": pl.String(),
    "first": pl.String(),
    "label": pl.String(),
    "place": pl.String(),
    "keys": pl.List(pl.String()),
}


def _row(rec: int, forms: list[Form], labels: list[Form]) -> tuple[object, ...]:
    words = [word for form in forms[:1] for word in form.words]
    telling = [w for form in (*forms, *labels) for w in form.words if kind_of(w) == "rare"]
    own = [word for word in words if kind_of(word) == "rare"]
    place = " ".join(word for word in words if kind_of(word) == "place") or None
    label = "".join(labels[0].words) if labels else None
    wholes = ["".join(form.words) for form in (*forms, *labels)]
    first = own[0] if own else None
    return rec, "".join(words) or None, first, label, place, sorted({*telling, *wholes})


def comparison_rows(names: pl.DataFrame) -> pl.DataFrame:
    """One row for each record: unique_id, whole, first, label, place, keys.

    Args:
        names: rec, kind (name, domain), value; the first of each kind is compared.
    """
    held: dict[int, dict[str, list[Form]]] = {}
    for rec, kind, value in names.drop_nulls("value").sort("rec", "kind").iter_rows():
        forms = domain_forms(value) if kind == "domain" else name_forms(value)
        held.setdefault(rec, {"name": [], "domain": []})[kind] += forms
    rows = [_row(rec, forms["name"], forms["domain"]) for rec, forms in held.items()]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def trained_probabilities(
    names: pl.DataFrame, links: pl.DataFrame, spark: SparkConfig | None = None
) -> pl.DataFrame:
    """Probabilities of pairs that share a word, by a model trained on `links`.

    u is estimated from random pairs, m from the links, the prior from their number.

    Args:
        names: rec, kind (name, domain), value.
        links: left, right (rec): what exact keys decided; at least `LEAST_LINKS`.
        spark: where Spark is, for `engine: spark`; None: DuckDB in this process.

    Returns:
        left, right (rec, the smaller first), trained (0 to 1).

    Raises:
        LikenessError: too few links to train on, or the extra is not installed.
        SparkError: Spark cannot be used.
    """
    if links.height < LEAST_LINKS:
        raise LikenessError(
            f"identity.yaml: likeness.engine: splink needs {LEAST_LINKS} links by exact keys to "
            f"train on, and there are {links.height}; use engine: rules"
        )
    try:
        from splink import Linker
    except ModuleNotFoundError as error:
        raise LikenessError(
            "identity.yaml: likeness.engine: splink needs the extra: "
            "pip install 'health-pipeline[splink]'"
        ) from error
    records = comparison_rows(names)
    known = links.filter(pl.all_horizontal(pl.col("left", "right").is_in(names["rec"].implode())))
    ids = (pl.min_horizontal("left", "right"), pl.max_horizontal("left", "right"))
    labels = known.select(ids[0].alias("unique_id_l"), ids[1].alias("unique_id_r")).unique()
    with _on_spark(spark) if spark else _in_duckdb() as register:
        data = register(_few_holders(records))
        settings = _settings(records.height, labels.height, on_spark=spark is not None)
        linker: Any = Linker(data, settings, log_level="ERROR")
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
        known_links = register(labels.sort(*labels.columns))
        linker.training.estimate_m_from_pairwise_labels(known_links)
        predicted = linker.inference.predict(warning_mode="never")
        table = predicted.as_pyarrow_table()
    return _pairs(pl.DataFrame(table))


@contextmanager
def _in_duckdb() -> Iterator[Callable[[pl.DataFrame], Any]]:
    """What hands a frame to Splink, in this process."""
    import duckdb
    from splink import DuckDBAPI

    with duckdb.connect(":memory:") as connection:
        api: Any = DuckDBAPI(connection)
        yield lambda frame: api.register(frame.to_arrow())


@contextmanager
def _on_spark(config: SparkConfig) -> Iterator[Callable[[pl.DataFrame], Any]]:
    """What hands a frame to Splink, on the cluster of `sources.yaml`."""
    with session(config) as opened:
        from splink.backends import spark as backend

        make: Any = backend.SparkAPI
        api = make(
            spark_session=opened, break_lineage_method="persist", register_udfs_automatically=False
        )
        yield lambda frame: api.register(opened.createDataFrame(frame.to_arrow()))


def _settings(records: int, links: int, *, on_spark: bool) -> SettingsCreator:
    """Names by all words, by the other's domain, by spelling; first words by their rarity."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    # Jaro-Winkler on Spark needs a jar that every worker has; edits need nothing.
    spelling = (
        [cll.LevenshteinLevel("whole", 1), cll.LevenshteinLevel("whole", 2)]
        if on_spark
        else [cll.JaroWinklerLevel("whole", 0.95), cll.JaroWinklerLevel("whole", 0.88)]
    )
    whole = cl.CustomComparison(
        output_column_name="whole",
        comparison_levels=[
            cll.NullLevel("whole"),
            cll.ExactMatchLevel("whole"),
            cll.CustomLevel("whole_l = label_r or label_l = whole_r", "the other's domain"),
            *spelling,
            cll.ElseLevel(),
        ],
    )
    first = cl.ExactMatch("first").configure(term_frequency_adjustments=True)
    return SettingsCreator(
        link_type="dedupe_only",
        probability_two_random_records_match=_prior(records, links),
        comparisons=[whole, first, cl.ExactMatch("place")],
        blocking_rules_to_generate_predictions=[block_on("keys", arrays_to_explode=["keys"])],
        retain_matching_columns=False,
    )


def _prior(records: int, links: int) -> float:
    """Links among all pairs of records."""
    return min(0.5, links / (records * (records - 1) / 2))


def _few_holders(records: pl.DataFrame, most: int = 30) -> pl.DataFrame:
    """`records` without the keys that more than `most` hold; a model would only pay for them."""
    held = records.select("unique_id", "keys").explode("keys")
    few = held.group_by("keys").agg(pl.len()).filter(pl.col("len") <= most)
    kept = held.join(few, on="keys").group_by("unique_id").agg(pl.col("keys").sort())
    return records.drop("keys").join(kept, on="unique_id", how="left", maintain_order="left")


def _pairs(predicted: pl.DataFrame) -> pl.DataFrame:
    ids = ("unique_id_l", "unique_id_r")
    return (
        predicted.select(
            pl.min_horizontal(ids).cast(pl.Int64).alias("left"),
            pl.max_horizontal(ids).cast(pl.Int64).alias("right"),
            pl.col("match_probability").alias("trained"),
        )
        .group_by("left", "right")
        .agg(pl.col("trained").max())
        .sort("left", "right")
    )

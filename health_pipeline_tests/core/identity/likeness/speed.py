"""CPU and quality of likeness beside Splink alone, on made companies.

python -m health_pipeline_tests.core.identity.likeness.speed 100000
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TextIO

import duckdb
import polars as pl

from health_pipeline.core.identity.likeness.candidates import candidates
from health_pipeline.core.identity.likeness.params import Likeness
from health_pipeline.core.identity.likeness.propose import proposals
from health_pipeline_tests.core.identity.likeness.companies import companies, values


def ours(records: pl.DataFrame) -> pl.DataFrame:
    """Billing records among the accounts of the CRM."""
    named = values(records)
    sides = [
        named.join(records.filter(pl.col("source") == source), on="rec", how="semi")
        for source in ("billing", "crm")
    ]
    found = candidates(sides[0], sides[1].with_columns(pl.col("rec").alias("group")))
    return proposals(found, Likeness(link_above=0.85)).with_columns(sure=pl.col("link"))


def splink_alone(records: pl.DataFrame, letters: int) -> pl.DataFrame:
    """Splink as its tutorial links: blocks on domain, first word and first letters; EM."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    lower = pl.col("name").str.to_lowercase()
    rows = records.drop("truth").with_columns(lower, first=lower.str.split(" ").list.first())
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]),
            cl.ExactMatch("first").configure(term_frequency_adjustments=True),
            cl.ExactMatch("domain"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("domain"), block_on("first"), block_on(f"substr(name, 1, {letters})"),
        ],
    )  # fmt: skip
    with duckdb.connect(":memory:") as connection:
        api = DuckDBAPI(connection)
        sides = [
            api.register(rows.filter(pl.col("source") == one).drop("source").to_arrow())
            for one in ("crm", "billing")
        ]
        linker = Linker(sides, settings, log_level="ERROR")
        train = linker.training
        train.estimate_probability_two_random_records_match([block_on("domain")], recall=0.2)
        train.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        train.estimate_parameters_using_expectation_maximisation(block_on("domain"))
        train.estimate_parameters_using_expectation_maximisation(block_on("first"))
        found = pl.DataFrame(linker.inference.predict(0.5).as_pyarrow_table())
    best = found.sort("match_probability", descending=True)
    pairs = best.select(
        left=pl.max_horizontal("rec_l", "rec_r"), right=pl.min_horizontal("rec_l", "rec_r")
    )
    return pairs.unique("left", keep="first", maintain_order=True).with_columns(sure=pl.lit(True))


def f1(found: pl.DataFrame, records: pl.DataFrame) -> tuple[float, float, float]:
    """Precision, recall and F1 of the links that are sure."""
    truth = records.select("rec", "truth")
    told = found.filter("sure").join(truth, left_on="left", right_on="rec")
    told = told.join(truth, left_on="right", right_on="rec", suffix="_right")
    right = told.filter(pl.col("truth") == pl.col("truth_right")).height
    billing = records.filter(pl.col("source") == "billing")
    known = billing.filter(pl.col("truth") >= 0).height
    precision, recall = right / max(1, told.height), right / known
    return precision, recall, 2 * precision * recall / (precision + recall or 1)


def measured(name: str, run: Callable[[pl.DataFrame], pl.DataFrame], records: pl.DataFrame,
             out: TextIO) -> float:  # fmt: skip
    start, wall = time.process_time(), time.perf_counter()
    found = run(records)
    cpu, wall = time.process_time() - start, time.perf_counter() - wall
    numbers = " / ".join(f"{x:.3f}" for x in f1(found, records))
    out.write(f"{name:13} CPU {cpu:7.1f} s, wall {wall:6.1f} s, links P / R / F1 {numbers}\n")
    return cpu


def main(count: int, out: TextIO = sys.stdout) -> None:
    """Likeness, and Splink alone on blocks of four, three and two first letters of the name."""
    records = companies(count)
    fast = measured("ours", ours, records, out)
    for letters in (4, 3, 2):
        slow = measured(
            f"Splink on {letters}", partial(splink_alone, letters=letters), records, out
        )
        out.write(f"{count:,} records: {slow / fast:.1f} times the CPU of ours\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

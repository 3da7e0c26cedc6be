"""`python -m health_pipeline_tests.bench.scale.identity_work NAME FOLDER`: one work, measured.

Prints JSON as `work` does. `generate FOLDER COMPANIES` writes the world instead.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from health_pipeline.adapters.store.draft import write_parquet
from health_pipeline.config.loader import load_model
from health_pipeline.core.identity.belong import known_to_belong  # noqa: F401 - loads scipy
from health_pipeline.core.identity.clusters import clusters_of
from health_pipeline.core.identity.decisions import (
    NO_DECISIONS,
    Decision,
    Kind,
    Record,
    decision,
    table_of_decisions,
)
from health_pipeline.core.identity.ids import give_ids
from health_pipeline.core.identity.memory import Memory
from health_pipeline.core.identity.more import Known, resolve_anew, resolve_more
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.identity.records import RECORD, account_keys, account_records
from health_pipeline.core.identity.resolve import (
    REGISTRY_COLUMNS,
    Accounts,
    Resolved,
    accounts_of,
)
from health_pipeline.core.identity.xref import xref_of
from health_pipeline_tests.bench.measure import KILOBYTE, Spent, clock
from health_pipeline_tests.bench.scale.companies import write

NO_IDS = pl.DataFrame(schema=REGISTRY_COLUMNS)
RULES = load_model().identity.model_copy(update={"likeness": None})
"""The exact rules alone: what nothing decides costs by the records that are alone."""
DECISIONS = 1000
EPOCH = datetime(2025, 6, 30, tzinfo=UTC)

Work = Callable[[], pl.DataFrame]


def read(folder: Path) -> dict[str, pl.DataFrame]:
    """The landed tables."""
    return {n: pl.read_parquet(folder / f"{n}.parquet") for n in ("accounts", "account_links")}


def read_text(folder: Path) -> dict[str, pl.DataFrame]:
    """The same tables from CSV files, as many systems hand them in, times included."""
    names = ("accounts", "account_links")
    return {n: pl.read_csv(folder / f"{n}.csv", try_parse_dates=True) for n in names}


def write_answer(folder: Path, xref: pl.DataFrame, review: pl.DataFrame) -> None:
    """Every table that a resolution of accounts gives."""
    write_all(folder, {"answer": xref, "review": review})


def write_all(folder: Path, frames: Mapping[str, pl.DataFrame]) -> None:
    """Files as the lake writes them."""
    for name, frame in frames.items():
        with (folder / f"{name}.parquet").open("wb") as file:
            write_parquet(frame, file)  # type: ignore[arg-type]


def linked(
    records: pl.DataFrame,
    keys: pl.DataFrame,
    registry: pl.DataFrame = NO_IDS,
    decisions: pl.DataFrame = NO_DECISIONS,
) -> Accounts:
    """From standardised keys to accounts, as `accounts_of` does."""
    clusters = clusters_of(records, keys, RULES, decisions)
    given = give_ids(clusters.labels, records, registry)
    ignored = pl.DataFrame()
    return Accounts(records, keys, ignored, clusters, given, xref_of(records, clusters, given))


def decided(found: Accounts) -> pl.DataFrame:
    """Every other decision merges two accounts, the others split a record off."""
    anchors = found.xref.filter(pl.col("rule") == "anchor")["rec"].head(DECISIONS).to_list()
    names = list(found.records.select("source", "source_account_id").iter_rows())
    links = found.clusters.links.head(DECISIONS).select("left", "right").iter_rows()

    def said(kind: Kind, left: Record, right: Record) -> Decision:
        return decision(kind, left, right, author="bench", at=EPOCH, reason="bench")

    merges = [
        said("merge", names[a], names[b]) for a, b in zip(anchors[::2], anchors[1::2], strict=True)
    ]
    splits = [said("split", names[b], names[a]) for a, b in list(links)[::2]]
    return table_of_decisions([*merges, *splits])


def read_and_write(folder: Path, *, text: bool = False) -> Work:
    """Reads the tables and writes the answer; `text`: reads them as CSV."""
    found = accounts_of(read(folder), RULES, NO_IDS)
    answer, review = found.xref.drop("rec", "anchor"), found.review
    if text:
        for name, table in read(folder).items():
            table.write_csv(folder / f"{name}.csv")

    def work() -> pl.DataFrame:
        if text:
            read_text(folder)
        else:
            read(folder)
        write_answer(folder, answer, review)
        return answer

    return work


def whole(folder: Path, rules: IdentityRules = RULES) -> Work:
    """Reads, resolves and writes."""

    def work() -> pl.DataFrame:
        found = accounts_of(read(folder), rules, NO_IDS)
        write_answer(folder, found.xref, found.review)
        return found.xref

    return work


def remember(folder: Path, found: Resolved, memory: Memory | None) -> None:
    """Write the answer, and what the next resolution needs of it."""
    write_answer(folder, found.account_xref, found.review)
    if memory is None:
        raise ValueError("nothing to remember")
    write_all(folder, {"rows": memory.rows, "keys": memory.keys, "aliases": found.aliases})


def remembered(folder: Path) -> Memory:
    """What `remember` wrote; the packaged bench hands in no users."""
    xref, review, aliases, rows, keys = (
        pl.read_parquet(folder / f"{name}.parquet")
        for name in ("answer", "review", "aliases", "rows", "keys")
    )
    found = Resolved(xref, review, aliases, pl.DataFrame(schema=REGISTRY_COLUMNS), None)
    return Memory(rows, keys, found, NO_DECISIONS["id"])


def published(ids: pl.DataFrame) -> Known:
    """A registry of `ids`."""
    at = pl.lit(EPOCH).cast(REGISTRY_COLUMNS["published_at"]).alias("published_at")
    return Known(ids.with_columns(at))


def anew(folder: Path) -> Work:
    """Reads, resolves all records and writes, with what the next resolution needs."""

    def work() -> pl.DataFrame:
        found, memory = resolve_anew(read(folder), RULES, Known(NO_IDS), NO_DECISIONS)
        remember(folder, found, memory)
        return found.account_xref

    return work


def one_percent(folder: Path) -> Work:
    """The last 1 % to become known has landed: reads, resolves what is new of it, and writes.

    Raises:
        ValueError: the memory did not do.
    """
    landed = read(folder)
    records = account_records(landed)
    before = records.head(records.height * 99 // 100)
    known = {name: rows.join(before, on=RECORD, how="semi") for name, rows in landed.items()}
    found, memory = resolve_anew(known, RULES, Known(NO_IDS), NO_DECISIONS)
    remember(folder, found, memory)
    registry = published(found.registry_new)
    del landed, records, before, known, found, memory

    def work() -> pl.DataFrame:
        more = resolve_more(read(folder), RULES, registry, NO_DECISIONS, remembered(folder))
        if more is None:
            raise ValueError("resolved anew")
        remember(folder, *more)
        return more[0].account_xref

    return work


def works(folder: Path) -> dict[str, Callable[[], Work]]:
    """By name: prepares, and gives the work."""

    def standardise() -> Work:
        landed = read(folder)
        return lambda: account_keys(landed, account_records(landed), RULES)

    def link(*, more: bool = False, again: bool = False) -> Work:
        landed = read(folder)
        records = account_records(landed)
        if not more:  # the last 1 % to become known are new
            records = records.head(records.height * 99 // 100)
        keys = account_keys(landed, records, RULES)
        if not again:
            return lambda: linked(records, keys).xref
        first = linked(records, keys)
        registry = first.given.new.with_columns(
            pl.lit(EPOCH).cast(REGISTRY_COLUMNS["published_at"]).alias("published_at")
        )
        made = decided(first)
        return lambda: linked(records, keys, registry, made).xref

    return {
        "read_and_write": lambda: read_and_write(folder),
        "read_text": lambda: read_and_write(folder, text=True),
        "standardise": standardise,
        "link": link,
        "link_again": lambda: link(again=True),
        "link_more": lambda: link(more=True),
        "whole": lambda: whole(folder),
        "anew": lambda: anew(folder),
        "one_percent": lambda: one_percent(folder),
        "whole_likeness": lambda: whole(folder, load_model().identity),
    }


def measured(name: str, folder: Path) -> dict[str, object]:
    """What the work `name` took and gave."""
    work = works(folder)[name]()
    spent: list[Spent] = []
    with clock(spent.append):
        answer = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILOBYTE / 2**20
    gave = {"rows": f"{answer.height} {answer.hash_rows(7).sort().hash(7).sum()}"}
    return {"cpu": spent[0].cpu, "wall": spent[0].wall, "peak": peak, "gave": gave}


if __name__ == "__main__":
    if sys.argv[1] == "generate":
        write(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201

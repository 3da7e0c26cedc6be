"""The identity of this world as published: who is who, for the rooms that attach account ids."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from health_pipeline.adapters.likeness.splink import trained_probabilities
from health_pipeline.adapters.store.decisions import decision_table
from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.registry import Registry, register, remember_aliases
from health_pipeline.adapters.store.transaction import transaction
from health_pipeline.core.identity.attach import NOT_ATTACHED, attach
from health_pipeline.core.identity.memory import Memory
from health_pipeline.core.identity.more import resolve_anew, resolve_more
from health_pipeline.core.identity.parents import lost_parents
from health_pipeline.core.identity.records import RECORD
from health_pipeline.core.identity.resolve import Identity, identity_of
from health_pipeline.core.identity.undecided import Trained
from health_pipeline.core.identity.users import USER
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.sources import SOURCE_TABLES
from health_pipeline.orchestration.attached import Attached
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.identity_history import (
    DECIDED,
    MOVED,
    MOVES,
    moved_records,
    moves,
)
from health_pipeline.orchestration.identity_memory import recall, remembered
from health_pipeline.orchestration.landed import (
    EVENTS,
    identity_tables,
    landed,
    landing_name,
)
from health_pipeline.orchestration.scratch import scratch

SCRATCH = ".attached-"
"""Folders of attached rows, on the disk of the lake, as long as their process."""

IDENTITY = ("account_xref", "user_xref", "user_links")


def trained_model(stores: Stores) -> Trained | None:
    """What gives likeness its probabilities, where the model asks for a trained one."""
    rules, sources = stores.model.identity.likeness, stores.model.sources
    if rules is None or rules.engine != "splink":
        return None
    cluster = sources.spark if sources.engine == "spark" else None
    return partial(trained_probabilities, spark=cluster)


def resolve_and_register(stores: Stores, run_id: str, first: date) -> Identity:
    """Resolve everything landed; new ids enter the registry and are never reused.

    Args:
        stores: of this world.
        run_id: of the run.
        first: the first day that the run scores.
    """
    decided = decision_table(stores.control)
    found, memory = _resolved(stores, decided)
    now = House.now()
    with transaction(stores.control):
        register(stores.control, found.registry_new.with_columns(pl.lit(now).alias("published_at")))
        live = found.account_xref["account_id"].unique()
        remember_aliases(stores.control, found.aliases, live)
    writes = [
        Write("user_links", None, found.user_links),
        Write("identity_conflicts", None, found.conflicts),
        Write(MOVED, None, moved_records(stores, found)),
        Write(MOVES, None, moves(stores, found, first)),
        Write(DECIDED, None, decided.select("id")),
        *remembered(stores, memory),
    ]
    stores.lake.publish(writes, run_id=run_id, at=now)
    return found


def _resolved(stores: Stores, decided: pl.DataFrame) -> tuple[Identity, Memory | None]:
    """Who is who: by the rows that changed where that does, else by all of them."""
    landed, rules = identity_tables(stores), stores.model.identity
    known, last = Registry(stores.control), recall(stores)
    more = resolve_more(landed, rules, known, decided, last) if last else None
    if more is None:
        accounts, memory = resolve_anew(landed, rules, known, decided, trained_model(stores))
    else:
        accounts, memory = more
    return identity_of(landed, rules, accounts), memory


def pairs_to_review(stores: Stores) -> pl.DataFrame:
    """`identity_review` as published, with `arr` of both accounts, the largest first."""
    pairs, accounts = stores.lake.frame("identity_review"), stores.lake.frame("accounts")
    if pairs is None:
        return RESULT_TABLES["identity_review"].empty().with_columns(arr=pl.lit(None, pl.Float64))
    known = RESULT_TABLES["accounts"].empty() if accounts is None else accounts
    sides = ("left", "right")
    for side in sides:
        sized = known.select(
            pl.col("account_id").alias(f"{side}_account_id"), pl.col("arr").alias(f"{side}_arr")
        )
        pairs = pairs.join(sized, on=f"{side}_account_id", how="left", maintain_order="left")
    told = [f"{side}_arr" for side in sides]
    either = pl.any_horizontal(pl.col(told).is_not_null())
    return (
        pairs.with_columns(pl.when(either).then(pl.sum_horizontal(told)).alias("arr"))
        .drop(told)
        .sort("arr", descending=True, nulls_last=True, maintain_order=True)
    )


def published_identity(stores: Stores) -> Identity:
    """The identity that the last run published.

    Raises:
        LookupError: nothing is published yet.
    """
    account_xref, user_xref, user_links = (stores.lake.frame(name) for name in IDENTITY)
    if account_xref is None or user_xref is None or user_links is None:
        raise LookupError("identity is not resolved yet; materialise account_xref first")
    empty = pl.DataFrame()
    return Identity(
        account_xref=account_xref,
        user_xref=user_xref,
        user_links=user_links,
        conflicts=empty,
        review=empty,
        unresolved=empty,
        aliases=empty,
        registry_new=empty,
    )


_attached: dict[tuple[Path, ...], Attached] = {}
"""The last answer of `attached_tables` by the files it came from; run files never change."""


def attached_tables(stores: Stores) -> Attached:
    """Landed tables (but events) with their accounts; most stages of a run ask for them.

    Raises:
        LookupError: nothing is published yet.
    """
    lake = stores.lake
    given = {name: tuple(lake.files(landing_name(name))) for name in SOURCE_TABLES}
    given = {name: files for name, files in given.items() if files and name not in NOT_ATTACHED}
    xref, links = (tuple(lake.files(name)) for name in ("account_xref", "user_links"))
    if not (xref and links):
        raise LookupError("identity is not resolved yet; materialise account_xref first")
    key = (*(file for files in given.values() for file in files), *xref, *links)
    if key not in _attached:
        _attached.clear()  # who still reads the files of before keeps them
        folder = scratch(lake.root, SCRATCH)
        _attached[key] = Attached(Path(folder.name), given, xref, links, folder)
    return _attached[key]


def forget_attached() -> None:
    """Remove the folder of `attached_tables` before the process ends."""
    for kept in _attached.values():
        if kept.scratch is not None:
            kept.scratch.cleanup()
    _attached.clear()


def _unclaimed(stores: Stores, found: Identity) -> Iterator[pl.DataFrame]:
    """`unresolved` of each landed table but events: of its rows only what identity looks at."""
    for name in SOURCE_TABLES:
        rows = None if name == EVENTS else stores.lake.scan(landing_name(name))
        if rows is not None:
            keys = {*USER, *RECORD, "known_at"} & set(rows.collect_schema().names())
            yield attach({name: rows.select(sorted(keys)).collect()}, found)[1]


def unresolved_records(stores: Stores, found: Identity) -> pl.DataFrame:
    """`unresolved` with the records of every table but events, whose rows stay as they are."""
    table = RESULT_TABLES["unresolved"]
    stored = stores.lake.frame("unresolved")
    events = table.empty() if stored is None else stored.filter(pl.col("table") == EVENTS)
    parents, accounts = table.empty(), landed(stores, "accounts")
    if accounts is not None:
        parents = table.conform(lost_parents(accounts, found.account_xref))
    parts = [events, found.unresolved, *_unclaimed(stores, found), parents]
    return table.conform(
        pl.concat(parts, how="vertical_relaxed").unique(
            list(table.key), keep="first", maintain_order=True
        )
    )

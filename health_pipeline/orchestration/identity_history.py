"""What decisions of people changed, and which published days do not say so yet."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from health_pipeline.adapters.store.decisions import decision_table
from health_pipeline.core.identity.records import RECORD
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.orchestration.house import Stores

SCORES = "health_scores"

MOVED = "identity_moved"
"""Internal table: records that merges and splits moved since their history was last restated."""

MOVES = "identity_moves"
"""Internal table: accounts that records left or joined, and the first day scored with it."""

MOVES_SCHEMA: dict[str, pl.DataType] = {"account_id": pl.String(), "since": pl.Date()}

DECIDED = "identity_decided"
"""Internal table: ids of the decisions that the published identity counts."""

MOVED_SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),
    "source_account_id": pl.String(),
    "was": pl.String(),
    "account_id": pl.String(),
}


def moved_records(stores: Stores, found: Identity) -> pl.DataFrame:
    """`MOVED`: what this run moves, and what earlier ones did and nobody restated."""
    empty = pl.DataFrame(schema=MOVED_SCHEMA)
    before, open_ = stores.lake.frame("account_xref"), stores.lake.frame(MOVED)
    if before is None or not stores.lake.days(SCORES):
        return empty
    was = _changed(before, found.account_xref)
    if open_ is not None:
        was = pl.concat([open_.select(*RECORD, "was"), was]).unique(
            RECORD, keep="first", maintain_order=True
        )
    now = found.account_xref.select(*RECORD, "account_id")
    moved = was.join(now, on=RECORD).filter(pl.col("was") != pl.col("account_id"))
    return moved.select(*MOVED_SCHEMA).sort(RECORD)


def _changed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """RECORD, was: records whose account is another now, or that are gone; hashes say who stayed.

    Numbers are looked up several times faster than texts are joined.
    """
    names = (*RECORD, "account_id")
    then, since = (frame.select(names).hash_rows() for frame in (before, now))
    return before.filter(~then.is_in(since.implode())).select(*RECORD, was="account_id")


def moves(stores: Stores, found: Identity, first: date) -> pl.DataFrame:
    """`MOVES` so far, and the accounts between which this run moves records."""
    before, so_far = stores.lake.frame("account_xref"), stores.lake.frame(MOVES)
    known = pl.DataFrame(schema=MOVES_SCHEMA) if so_far is None else so_far
    if before is None or not stores.lake.days(SCORES):
        return known
    both = _changed(before, found.account_xref).join(
        found.account_xref.select(*RECORD, "account_id"), on=RECORD
    )
    moved = both.filter(pl.col("was") != pl.col("account_id"))
    ids = pl.concat([moved["was"].rename("account_id"), moved["account_id"]])
    new = ids.to_frame().with_columns(pl.lit(first, pl.Date).alias("since"))
    return pl.concat([known, new]).unique().sort("account_id", "since")


def moved_accounts(stores: Stores) -> pl.DataFrame:
    """Accounts that records left or joined between two scored days: `MOVES_SCHEMA`."""
    found = stores.lake.frame(MOVES)
    return pl.DataFrame(schema=MOVES_SCHEMA) if found is None else found


@dataclass(frozen=True, slots=True)
class ToRestate:
    """History that merges and splits changed and that stands as it was.

    Attributes:
        accounts: how many accounts of now gained or lost records.
        first, last: the published days.
    """

    accounts: int
    first: date
    last: date

    @property
    def command(self) -> str:
        """What computes it anew."""
        return _restating(self.first, self.last)


def _restating(first: date, last: date) -> str:
    return f"health backfill --from {first} --to {last} --restate"


def restating_all(stores: Stores) -> str | None:
    """The command that computes every published day anew; None before the first one."""
    days = stores.lake.days(SCORES)
    return _restating(days[0], days[-1]) if days else None


def waiting_decisions(stores: Stores) -> int:
    """How many decisions of people no run has counted yet."""
    made, counted = decision_table(stores.control), stores.lake.frame(DECIDED)
    return made.height if counted is None else made.join(counted, on="id", how="anti").height


def to_restate(stores: Stores) -> ToRestate | None:
    """What merges and splits since the last restatement touched; None when nothing is left."""
    moved, days = stores.lake.frame(MOVED), stores.lake.days(SCORES)
    if moved is None or moved.is_empty() or not days:
        return None
    touched = set(moved["was"]) | set(moved["account_id"])
    return ToRestate(len(touched), days[0], days[-1])

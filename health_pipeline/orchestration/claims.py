"""From which day on a link counts in the roll-up: never from before the run that found it.

A link may be dated in the past: of a first landing by `created_at`, of any by its own `known_at`.
Events of that time which nobody claimed are rolled up as such, and no day before this run is
rolled up again. So they count from the first day of the run that finds the link, or after what is
rolled up where that run is one of earlier days. What is noted of a key stands on later runs.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from health_pipeline.adapters.engines.steps import NO_ACCOUNT
from health_pipeline.adapters.store.lake import Lake, Write
from health_pipeline.core.identity.resolve import Identity
from health_pipeline.orchestration.landed import UNCLAIMED
from health_pipeline.orchestration.window import Window

CARRIED = "carried_keys"
"""Internal: the keys that events carried while nobody claimed them, and since when they count."""

COLUMNS = {"kind": pl.String(), "source": pl.String(), "key": pl.String(), "since": pl.Date()}
KEY = ("kind", "source", "key")
KINDS = {"account": "source_account_id", "user": "source_user_id"}


@dataclass(frozen=True, slots=True)
class Claims:
    """Who is who as the roll-up of a window counts it.

    Attributes:
        identity: with `counts_on`, a day, beside each link of account_xref and user_links.
        carried: `COLUMNS` rows; `since` null while nobody claims the key.
        last: the last day of the window.
    """

    identity: Identity
    carried: pl.DataFrame
    last: date

    def write(self, unresolved: pl.DataFrame) -> Write:
        """What to publish with the roll-up, which left `unresolved` (`UNRESOLVED_EVENTS`).

        A key that had its link by then, and whose events had no account yet, waits for none.
        """
        new = _keys(unresolved.lazy()).collect().join(self.carried, on=KEY, how="anti")
        counted = _counted(new, _links(self.identity), self.last, pl.col("linked_on"))
        return Write(CARRIED, None, pl.concat([self.carried, counted]).sort(KEY))


def claims(
    lake: Lake, window: Window, identity: Identity, *, began: bool, earliest: date | None = None
) -> Claims:
    """Who is who in the roll-up of `window`.

    Args:
        lake: what is noted of the keys that nobody claimed.
        window: days that are rolled up.
        identity: as published.
        began: some days were rolled up before. A lake that was, and has no notes, is of a release
            that took none: what is claimed by now counted on the day of its link, or is lost.
        earliest: the first day on which a link that is found now counts; None = of `window`.
    """
    links, carried = _links(identity), lake.frame(CARRIED)
    if carried is None:
        carried = _settled(lake, window, links) if began else pl.DataFrame(schema=COLUMNS)
    waits = pl.col("since").is_null()
    now = pl.max_horizontal("linked_on", pl.lit(earliest or window.first))
    found = _counted(carried.filter(waits).drop("since"), links, window.last, now)
    carried = pl.concat([carried.filter(~waits), found])
    counted = {kind: _counting(rows, carried, kind) for kind, rows in links.items()}
    who = replace(identity, account_xref=counted["account"], user_links=counted["user"])
    return Claims(who, carried, window.last)


def _links(identity: Identity) -> dict[str, pl.DataFrame]:
    return {"account": identity.account_xref, "user": identity.user_links}


def _keys(unclaimed: pl.LazyFrame) -> pl.LazyFrame:
    """`KEY` of rows of `UNRESOLVED_EVENTS`: of the account that they name, and of the user."""
    of_account = unclaimed.filter(pl.col("why") == NO_ACCOUNT)
    parts = [("account", of_account, "key"), ("user", unclaimed, "user_key")]
    return pl.concat(
        rows.select(pl.lit(kind).alias("kind"), "source", pl.col(name).alias("key"))
        for kind, rows, name in parts
    ).drop_nulls("key").unique()  # fmt: skip


def _counted(
    keys: pl.DataFrame, links: dict[str, pl.DataFrame], last: date, since: pl.Expr
) -> pl.DataFrame:
    """`keys` as `COLUMNS`: `since`, of `linked_on`, the day of their first link, if by `last`."""
    if keys.is_empty():  # a join would read all links
        return pl.DataFrame(schema=COLUMNS)
    linked = [
        keys.filter(pl.col("kind") == kind)
        .join(links[kind], left_on=["source", "key"], right_on=["source", column])
        .group_by(KEY)
        .agg(pl.col("linked_at").min().dt.date().alias("linked_on"))
        for kind, column in KINDS.items()
    ]
    found = pl.concat(linked).filter(pl.col("linked_on") <= last)
    counted = found.select(*KEY, since.alias("since"))
    return keys.join(counted, on=KEY, how="left").select(*COLUMNS)


def _settled(lake: Lake, window: Window, links: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The notes of a lake that has none: what was linked before `window` counts since then."""
    rows = lake.scan(UNCLAIMED)
    if rows is None:
        return pl.DataFrame(schema=COLUMNS)
    before = window.first - timedelta(days=1)
    return _counted(_keys(rows).collect(), links, before, pl.col("linked_on"))


def _counting(links: pl.DataFrame, carried: pl.DataFrame, kind: str) -> pl.DataFrame:
    """`links` with `counts_on`, the day of each, or the later one that is noted."""
    linked_on, column = pl.col("linked_at").dt.date(), KINDS[kind]
    own = carried.filter(pl.col("kind") == kind, pl.col("since").is_not_null())
    if own.is_empty():
        return links.with_columns(linked_on.alias("counts_on"))
    noted = own.select("source", pl.col("key").alias(column), "since")
    beside = links.join(noted, on=["source", column], how="left", maintain_order="left")
    counts_on = pl.max_horizontal(linked_on, "since").alias("counts_on")
    return beside.with_columns(counts_on).drop("since")

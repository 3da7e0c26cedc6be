"""Names as keys: a name may mean several accounts, so each one is judged before it links.

A name alone links only records of different sources, and never two that show different domains or
that a person keeps apart; where it could mean two accounts it links none and leaves the pairs to a
person. Names that share no account with each other are judged all at once, the others in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from health_pipeline.core.identity.components import components
from health_pipeline.core.identity.forest import Forest, Ints

DISGUISED_DOMAIN = "disguised_domain"
"""No rule: domains that look like another one link nobody, and speak against an equal name."""

SHOWN = ("verified_domain", "domain", DISGUISED_DOMAIN)
"""Rules whose values say whose domain a record shows."""

Foes = Sequence[tuple[int, int, str]]

_WHY = {"group": pl.Int64, "why": pl.String}


def judged(
    part: pl.DataFrame,
    rule: str,
    records: pl.DataFrame,
    keys: pl.DataFrame,
    labels: Ints,
    foes: Foes,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The names that link, and the pairs of those that may mean two accounts.

    Args:
        part: group, rec, known_at, scope, value of names that several records carry.
        rule: the rule, for words.
        records: `account_records`.
        keys: `account_keys`, for the domains.
        labels: sets by all rules of more trust.
        foes: sets that people keep apart.

    Returns:
        Those of `part` that link; left, right, why.
    """
    rows = part.with_columns(
        pl.Series("root", labels[part["rec"].to_numpy()]),
        records["source"].gather(part["rec"]).alias("source"),
    )
    # Where all are one account already the name links too: it may be older than what made them one.
    rows = rows.filter(_mixed(rows))
    if rows.is_empty():
        return part, pl.DataFrame()
    domains = _domains(keys, rows, labels)
    entangled = _entangled(rows)
    alone = rows.filter(~pl.col("group").is_in(entangled.implode()))
    tied = rows.filter(pl.col("group").is_in(entangled.implode()))
    whys = pl.concat([_objections(alone, domains, foes), _in_turn(tied, domains, foes)])
    if whys.is_empty():
        return part, pl.DataFrame()
    doubts = _doubts(rows.join(whys, on="group"), rule)
    return part.filter(~pl.col("group").is_in(whys["group"].implode())), doubts


def _mixed(rows: pl.DataFrame) -> pl.Series:
    """Which rows are of a group that several accounts carry; rows of a group follow each other."""
    group, root = rows["group"].to_numpy(), rows["root"].to_numpy()
    starts = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    several = np.minimum.reduceat(root, starts) != np.maximum.reduceat(root, starts)
    return pl.Series(np.repeat(several, np.diff(starts, append=group.size)))


def _domains(keys: pl.DataFrame, rows: pl.DataFrame, labels: Ints) -> pl.DataFrame:
    """root, domain: what the accounts of `rows` show."""
    shown = keys.filter(pl.col("rule").is_in(SHOWN))
    return (
        shown.select(
            pl.Series("root", labels[shown["rec"].to_numpy()]), pl.col("value").alias("domain")
        )
        .join(rows, on="root", how="semi")
        .unique()
    )


def _entangled(rows: pl.DataFrame) -> pl.Series:
    """Groups that share an account with another group: one decision may change the other."""
    groups, group = np.unique(rows["group"].to_numpy(), return_inverse=True)
    roots, root = np.unique(rows["root"].to_numpy(), return_inverse=True)
    _, component = components(group, root + groups.size, groups.size + roots.size)
    of_groups = component[: groups.size]
    return pl.Series(groups[np.bincount(of_groups)[of_groups] > 1], dtype=pl.Int64)


def _objections(rows: pl.DataFrame, domains: pl.DataFrame, foes: Foes) -> pl.DataFrame:
    """group, why: the groups of `rows` that link nobody; no two of them share an account."""
    sides = _sides(rows)
    kept = pl.DataFrame(foes, schema={"l": pl.Int64, "r": pl.Int64, "why": pl.String}, orient="row")
    apart = (
        sides.join(kept, left_on="root", right_on="l")
        .join(sides, left_on=["group", "r"], right_on=["group", "root"], how="semi")
        .group_by("group")
        .agg(pl.col("why").min())
    )
    shown = sides.join(domains, on="root")
    most = shown.group_by("group", "domain").len("most").group_by("group").agg(pl.col("most").max())
    showing = shown.group_by("group").agg(pl.col("root").n_unique().alias("showing"))
    differ = (
        showing.join(most, on="group")
        .filter(pl.col("most") < pl.col("showing"))
        .select("group", pl.lit("same name, different domains").alias("why"))
    )
    several = (
        _repeated(rows)
        .group_by("group", "source")
        .agg(pl.col("root").n_unique().alias("accounts"))
        .filter(pl.col("accounts") > 1)
        .group_by("group")
        .agg(pl.col("source").min())
        .select("group", pl.format("same name on several records of {}", "source").alias("why"))
    )
    whole = [frame.cast(_WHY) for frame in (apart, differ, several)]  # type: ignore[arg-type]
    return pl.concat(whole).unique("group", keep="first", maintain_order=True)


def _sides(rows: pl.DataFrame) -> pl.DataFrame:
    """group, root of `rows`, each once, where an account is of one group alone."""
    root = rows["root"].to_numpy()
    at = np.arange(root.size)
    last = np.empty(int(root.max(initial=-1)) + 1, dtype=np.int64)
    last[root] = at
    return rows.select("group", "root").filter(pl.Series(last[root] == at))


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Those of `rows` whose group has another one of the same source."""
    group = np.cumsum(np.diff(rows["group"].to_numpy(), prepend=-1) != 0)
    sources = rows["source"].unique()
    source = rows["source"].cast(pl.Enum(sources)).to_physical().to_numpy().astype(np.int64)
    place = group * max(len(sources), 1) + source
    return rows.filter(pl.Series(np.bincount(place)[place] > 1, dtype=pl.Boolean))


def _in_turn(rows: pl.DataFrame, domains: pl.DataFrame, foes: Foes) -> pl.DataFrame:
    """group, why, as `_objections`; names that met first are decided first."""
    judge = _Judge(rows, domains, foes)
    # So later records rarely undo a link.
    order = (
        rows.group_by("group", maintain_order=True)
        .agg("rec", "root", "source", pl.col("known_at").get(1), pl.col("scope", "value").first())
        .sort("known_at", "scope", "value")
    )
    found = []
    for group, roots, sources in order.select("group", "root", "source").iter_rows():
        if why := judge.why_not(list(zip(roots, sources, strict=True))):
            found.append((group, why))
    return pl.DataFrame(found, schema=_WHY, orient="row")


class _Judge:
    """Decides on one name after the other, by the accounts that the names before have made."""

    def __init__(self, rows: pl.DataFrame, domains: pl.DataFrame, foes: Foes) -> None:
        roots = set(rows["root"].unique().to_list())
        self.forest = Forest(foe for foe in foes if foe[0] in roots and foe[1] in roots)
        self.foes = [(left, right) for left, right, _ in foes if {left, right} <= roots]
        self.domains: dict[int, set[str]] = {}
        for root, domain in domains.filter(pl.col("root").is_in(list(roots))).iter_rows():
            self.domains.setdefault(root, set()).add(domain)

    def why_not(self, holders: Iterable[tuple[int, str]]) -> str | None:
        """Why records (root, source) of one name are not one account; None: now they are."""
        seen = {(self.forest.find(root), source) for root, source in holders}
        accounts = sorted({root for root, _ in seen})
        if len(accounts) < 2:
            return None
        if why := self._objection(accounts, [source for _, source in seen]):
            return why
        shown = set().union(*(self.domains.get(root, set()) for root in accounts))
        for other in accounts[1:]:
            self.forest.join(accounts[0], other)
        self.domains[self.forest.find(accounts[0])] = shown
        return None

    def _objection(self, accounts: list[int], sources: list[str]) -> str | None:
        whys = {
            self.forest.kept_apart(left, right)
            for left, right in self.foes
            if self.forest.find(left) in accounts and self.forest.find(right) in accounts
        } - {None}
        if whys:
            return min(why for why in whys if why)
        shown = [self.domains[root] for root in accounts if self.domains.get(root)]
        if shown and not set.intersection(*shown):
            return "same name, different domains"
        several = sorted({source for source in sources if sources.count(source) > 1})
        return f"same name on several records of {several[0]}" if several else None


def _doubts(rows: pl.DataFrame, rule: str) -> pl.DataFrame:
    """left, right, why: the first account of each group that links nobody, with every other."""
    told = (
        pl.when(pl.col("scope") == "")
        .then("value")
        .otherwise(pl.concat_str("scope", pl.lit(":"), "value"))
    )
    firsts = rows.group_by("group", "root", maintain_order=True).first()
    hub = pl.col("rec").min().over("group")
    return firsts.select(
        hub.alias("left"),
        pl.col("rec").alias("right"),
        pl.concat_str("why", pl.lit(f": {rule}="), told).alias("why"),
    ).filter(pl.col("left") != pl.col("right"))

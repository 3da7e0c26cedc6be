"""The registrable part of a host name, by the Public Suffix List that `tldextract` carries.

A top level that the list does not know counts as a suffix, as the list's standard has it; only
those of private networks, which any two companies may both use, give nothing. Suffixes of the
list's private part count too: acme.github.io is its owner's, github.io is nobody's. The list is the
one in the package: no network, no cache folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import idna
import polars as pl
import tldextract

PRIVATE_TOPS = frozenset(
    (
        *("corp", "home", "internal", "intranet", "invalid", "lan"),
        *("local", "localdomain", "localhost", "private"),
    )
)
"""Top levels that the internet does not hand out (RFC 2606, 6761, 6762 appendix G)."""

ByLabels = dict[int, pl.Series]
"""Host names by their number of labels, each as one imploded series for `is_in`."""


@cache
def _extractor() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(
        cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
    )


def registrable(host: str) -> str | None:
    """The part of `host` (lower case, ASCII) that somebody registered: app.acme.co.uk → acme.co.uk.

    Returns:
        None for a public suffix itself, and below a top level of private networks (acme.local).
    """
    labels = host.split(".")
    if _is_unlisted(labels[-1]):
        return ".".join(labels[-2:]) if len(labels) > 1 and labels[-1] not in PRIVATE_TOPS else None
    found = _extractor().extract_str(host)
    return found.top_domain_under_public_suffix or None


@cache
def _tops() -> frozenset[str]:
    """The top levels that the list knows, by any rule."""
    rules = _suffixes()
    parts = (rules.plain, rules.below, rules.exceptions)
    names = (name for part in parts for among in part.values() for name in among[0])
    return frozenset(name.rpartition(".")[2] for name in names)


def _is_unlisted(top: str) -> bool:
    return top not in _tops()


@dataclass(frozen=True, slots=True)
class _Suffixes:
    """The rules of the list by number of labels: plain ones, `*.PARENT`, and `!EXCEPTION`."""

    plain: ByLabels
    below: ByLabels
    exceptions: ByLabels
    stems: ByLabels


def by_labels(names: Iterable[str]) -> ByLabels:
    """Host names by their number of labels."""
    found: dict[int, list[str]] = {}
    for name in names:
        found.setdefault(name.count(".") + 1, []).append(name)
    return {n: pl.Series(sorted(found[n])).implode() for n in sorted(found)}


def stems_of(names: Iterable[str]) -> ByLabels:
    """What stands at the end of longer names: co.uk of yahoo.co.uk."""
    labels = [name.split(".") for name in names]
    return by_labels({".".join(one[n:]) for one in labels for n in range(1, len(one))})


@cache
def _suffixes() -> _Suffixes:
    names = [rule if rule.isascii() else _ascii_rule(rule) for rule in _extractor().tlds]
    return _Suffixes(
        plain=by_labels(n for n in names if n[0] not in "*!"),
        below=by_labels(n[2:] for n in names if n[0] == "*"),
        exceptions=by_labels(n[1:] for n in names if n[0] == "!"),
        stems=stems_of(name.removeprefix("!") for name in names),
    )


def _ascii_rule(rule: str) -> str:
    return ".".join(
        label if label.isascii() else idna.alabel(label).decode() for label in rule.split(".")
    )


@cache
def public_suffixes() -> frozenset[str]:
    """Every plain suffix of the list, as ASCII."""
    return frozenset(name for names in _suffixes().plain.values() for name in names[0])


def is_one_of(host: str, names: pl.Series | None) -> pl.Expr:
    """Whether the column `host` is among `names` (an imploded series); None is no name at all."""
    return pl.lit(value=False) if names is None else pl.col(host).is_in(names)


def ends(hosts: pl.Series, stems: ByLabels) -> Iterator[tuple[int, pl.DataFrame]]:
    """The ends of hosts of three labels and more, from the right, as far as `stems` go on.

    Yields:
        number of labels, and row, parent (the end with one label less), end of the hosts that have
        as many.
    """
    frame = pl.DataFrame({"host": hosts}).with_row_index("row")
    deep = frame.filter(pl.col("host").str.count_matches(".", literal=True) > 1).select(
        "row", pl.col("host").str.split(".").alias("labels"), pl.lit("").alias("end")
    )
    n = 0
    while not deep.is_empty():
        n += 1
        deep = deep.filter(pl.col("labels").list.len() >= n).with_columns(
            pl.col("end").alias("parent"), pl.col("labels").list.tail(n).list.join(".").alias("end")
        )
        yield n, deep.select("row", "parent", "end")
        deep = deep.filter(is_one_of("end", stems.get(n)))


def registrable_hosts(hosts: pl.Series) -> pl.Series:
    """`registrable` of every valid ASCII host, as joins with the list.

    Nearly every host is a name right below a suffix of one label, so the general rule runs only on
    hosts of three labels and more.
    """
    rules = _suffixes()
    frame = pl.DataFrame({"host": hosts}).with_columns(
        pl.col("host").str.extract(r"^[^.]+\.([^.]+)$").alias("top")
    )
    own = is_one_of("top", rules.plain.get(1)) & ~(
        is_one_of("top", rules.below.get(1)) | is_one_of("host", rules.plain.get(2))
    )
    own = own | is_one_of("host", rules.exceptions.get(2))
    flat = frame.select(pl.when(pl.col("top").is_not_null() & own).then("host").alias("key"))["key"]
    deep = _below_long_suffixes(hosts, rules)
    return flat.scatter(deep["row"], deep["key"]).zip_with(
        ~_unlisted(hosts), hosts.str.extract(r"([^.]+\.[^.]+)$")
    )


def _unlisted(hosts: pl.Series) -> pl.Series:
    """Which hosts stand below a top level that neither the list nor a private network has."""
    known = pl.Series(sorted(_tops() | PRIVATE_TOPS)).implode()
    top = pl.col("host").str.extract(r"([^.]+)$")
    return pl.DataFrame({"host": hosts}).select((~top.is_in(known)).fill_null(value=False))["host"]


def _below_long_suffixes(hosts: pl.Series, rules: _Suffixes) -> pl.DataFrame:
    """row, key of hosts with three labels and more: the longest rule wins, exceptions above all."""
    found = [pl.DataFrame(schema={"row": pl.UInt32, "size": pl.UInt32})]
    for n, end in ends(hosts, rules.stems):
        plain = is_one_of("end", rules.plain.get(n))
        below = is_one_of("parent", rules.below.get(n - 1))
        size = pl.lit(n, pl.UInt32).alias("size")
        found.append(end.filter(plain | below).select("row", size))
        exempt = end.filter(is_one_of("end", rules.exceptions.get(n)))
        found.append(exempt.select("row", size - 1))
    sizes = pl.concat(found).unique("row", keep="last")
    labels = hosts.gather(sizes["row"]).str.split(".")
    return pl.DataFrame({"row": sizes["row"], "size": sizes["size"], "labels": labels}).select(
        "row",
        pl.when(pl.col("labels").list.len() > pl.col("size"))
        .then(pl.col("labels").list.tail(pl.col("size") + 1).list.join("."))
        .alias("key"),
    )

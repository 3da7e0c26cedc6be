"""How figures look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from rich.table import Table

WIDE = 110
"""Columns of a terminal from which on names of the model are shown as they are written."""

TIER_STYLE = {"green": "green", "yellow": "yellow", "red": "bold red", "unscored": "dim"}


def money_words(amount: float | None) -> str:
    """An amount with thousands separators and no cents."""
    return "-" if amount is None else f"{amount:,.0f}"


def tier_words(tier: str) -> str:
    """A tier in its colour."""
    return f"[{TIER_STYLE.get(tier, 'white')}]{tier.capitalize()}[/]"


def code_words(name: str | None, width: int) -> str:
    """A name of the model, to be found in it; in words where it would be cut in the middle."""
    return "-" if name is None else name if width >= WIDE else name.replace("_", " ")


def telling_digits(ids: pl.Series, least: int = 8) -> int:
    """How many first digits tell `ids` apart, `least` at any rate."""
    longest = int(ids.str.len_chars().max() or least)  # type: ignore[arg-type]
    told = ids.unique()
    return next((n for n in range(least, longest) if told.str.head(n).is_unique().all()), longest)


def table_of(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], whole: Iterable[str] = ()
) -> Table:
    """A rich table; cells are shown as they are given (markup allowed).

    `whole`: columns that are never broken, because people copy from them.
    """
    unbroken = set(whole)
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for name in columns:  # of two names that are cut nobody can tell which
        table.add_column(name, overflow="fold", no_wrap=name in unbroken)
    for row in rows:
        table.add_row(*("-" if cell is None else str(cell) for cell in row))
    return table

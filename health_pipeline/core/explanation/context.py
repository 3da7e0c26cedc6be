"""What surrounds a score: the renewal, its last note, active projects, the next milestone (R82)."""

from __future__ import annotations

import polars as pl

from health_pipeline.core.schemas.deals import is_open
from health_pipeline.core.schemas.words import one_line

KEY = ["account_id", "date"]


def contexts(renewals: pl.DataFrame | None, milestones: pl.DataFrame | None) -> pl.DataFrame:
    """One line of context for each account and day of which anything is known.

    Args:
        renewals: source table as of each day, with `account_id` and `date`; None: not connected.
        milestones: likewise.

    Returns:
        `account_id`, `date`, `context` (text, never null). Columns that no source provides are
        simply not spoken of.
    """
    parts = [
        _renewal_note(renewals),
        _next_renewal(renewals),
        _projects(milestones),
        _next_milestone(milestones),
    ]
    said = pl.concat(part.with_columns(place=pl.lit(n)) for n, part in enumerate(parts))
    return (
        said.sort(*KEY, "place")
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("said").str.join(" ").alias("context"))
    )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={"account_id": pl.String(), "date": pl.Date(), "said": pl.String()})


def _has(frame: pl.DataFrame | None, *columns: str) -> bool:
    return frame is not None and set(columns) <= set(frame.columns)


def _renewal_note(renewals: pl.DataFrame | None) -> pl.DataFrame:
    if renewals is None or not _has(renewals, "note"):
        return _nothing()
    noted = renewals.filter(pl.col("note").str.strip_chars().str.len_chars() > 0)
    newest = noted.sort("known_at", "opportunity_id").group_by(KEY).agg(pl.all().last())
    note = one_line(pl.col("note"))
    stop = pl.when(note.str.contains(r"[.!?…]$")).then(pl.lit("")).otherwise(pl.lit("."))
    said = pl.format("Last renewal note: “{}”{}", note, stop)
    return newest.select(*KEY, said=said)


def _next_renewal(renewals: pl.DataFrame | None) -> pl.DataFrame:
    """The nearest one that is to come; else the last that is past and still open."""
    if renewals is None or not _has(renewals, "close_on"):
        return _nothing()
    close, ahead = pl.col("close_on"), pl.col("close_on") >= pl.col("date")
    nearest = (
        renewals.filter(pl.col("kind") == "renewal", is_open(renewals.columns))
        .group_by(KEY)
        .agg(close.filter(ahead).min().alias("coming"), close.filter(~ahead).max().alias("past"))
    )
    said = pl.coalesce(
        pl.format("Renewal due {}.", pl.col("coming")),
        pl.format("Renewal was due {} and is still open.", pl.col("past")),
    )
    return nearest.select(*KEY, said=said).drop_nulls("said")


def _open_milestones(milestones: pl.DataFrame) -> pl.DataFrame:
    if "completed_on" in milestones.columns:
        return milestones.filter(pl.col("completed_on").is_null())
    return milestones


def _projects(milestones: pl.DataFrame | None) -> pl.DataFrame:
    if milestones is None or not _has(milestones, "completed_on"):
        return _nothing()
    names = pl.col("project").unique().sort().str.join(", ")
    active = _open_milestones(milestones).group_by(KEY).agg(names)
    return active.select(*KEY, said=pl.format("Active projects: {}.", one_line(pl.col("project"))))


def _next_milestone(milestones: pl.DataFrame | None) -> pl.DataFrame:
    if milestones is None or not _has(milestones, "due_on", "completed_on"):
        return _nothing()
    ahead = _open_milestones(milestones).filter(pl.col("due_on") >= pl.col("date"))
    first = ahead.sort("due_on", "name").group_by(KEY).agg(pl.all().first())
    said = pl.format("Next milestone: {}, due {}.", one_line(pl.col("name")), pl.col("due_on"))
    return first.select(*KEY, said=said)

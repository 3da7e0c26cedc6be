"""Enrolment of plays: one running play for each account at risk, closed when its episode ends.

An episode of an account begins on the day from which it has stood in a tier of `open_for_tiers`,
and ends when it has stood outside of them for seven scored days in a row (outcome `recovered`), or
has left the population (`left`). It has one play; which, `triggers.py` says. People accept and
finish it in between; a `done` play stays until the episode ends, so that its outcome is known.
While a person has muted the account nothing is opened; what would have been stands there closed at
once (outcome `muted`), once an episode. Where a merge brings running plays together, those that
nobody has taken on end (outcome `merged`) if another one was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from health_pipeline.core.plays.opening import HELD_OUT, Enrolment, Row, opened
from health_pipeline.core.plays.params import Play, PlayBook
from health_pipeline.core.plays.triggers import called_for
from health_pipeline.core.schemas.ids import stable_id
from health_pipeline.core.schemas.plays import RUNNING
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.core.schemas.time import end_of

CALM_DAYS = 7
"""Scored days in a row outside of `open_for_tiers` that end an episode."""

UNSCORED = "unscored"
HOLDERS = ("owner_email", "exec_email", "region")
MUTED, BACKFILLED = "muted", "backfilled"
"""Outcomes: held back by a person; still running in filled history when published days began."""
LEFT, MERGED = "left", "merged"
NO_END = (MUTED, BACKFILLED, LEFT, MERGED)
"""Outcomes after which an episode may have another play."""

UNWORKED = (MUTED, HELD_OUT)
"""Outcomes of plays that were never open."""


def enrol(
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    previous: pl.DataFrame,
    accounts: pl.DataFrame,
    playbook: PlayBook,
    model_version: str,
    gate_plays: Mapping[str, str] | None = None,
    muted: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """All plays after the days of `scores`: `previous`, what was opened, and what was closed (R90).

    Args:
        scores: `RESULT_TABLES["health_scores"]` of any number of days; where a trigger asks with
            `tier_before`, the tier before the one that the account stands in, null: it was new.
        reasons: `RESULT_TABLES["reason_codes"]` of those days.
        previous: `RESULT_TABLES["plays"]` as it stands before the first of them, empty at first;
            a play that was opened later is not there before its day (`rewind`).
        accounts: `account_id`, `date`, `owner_email`, `exec_email`, `region`: who held them on
            each day, and whose holidays count.
        playbook: plays, the tiers that open one, and the executive threshold.
        model_version: stands on what is opened.
        gate_plays: gate → play, for an account whose tier is capped but has no risk reason.
        muted: `account_id`, `date` of the accounts that a person has muted; None: nobody.

    Returns:
        `RESULT_TABLES["plays"]`. The same input gives the same rows; a range of days gives what its
        days give one by one.

    Raises:
        KeyError: a reason names a play that the playbook does not have.
    """
    enrolment = Enrolment(playbook, gate_plays or {}, model_version)
    plays: dict[str, list[Row]] = {}
    for play in previous.sort("account_id", "opened_at", "play_id").iter_rows(named=True):
        plays.setdefault(play["account_id"], []).append(play)
    holder = {play["play_id"]: account for account, its in plays.items() for play in its}
    silent = set() if muted is None else set(muted.select("account_id", "date").iter_rows())
    concerned = _concerned(scores, reasons, accounts, playbook, set(plays))
    for day, rows in concerned:
        seen = {row["account_id"] for row in rows}
        for account, its in plays.items():
            if account not in seen:
                for play in _running(its, day):
                    _close(play, day, LEFT)
        for row in rows:
            account = row["account_id"]
            its = plays.setdefault(account, [])
            new = _one_day(its, row, enrolment, is_muted=(account, day) in silent)
            if new is not None:
                its.append(_taken_back(plays, holder, new))
    table = RESULT_TABLES["plays"]
    return table.conform(
        pl.DataFrame([p for its in plays.values() for p in its], schema=table.columns, orient="row")
    )


def _concerned(
    scores: pl.DataFrame,
    reasons: pl.DataFrame,
    accounts: pl.DataFrame,
    playbook: PlayBook,
    enrolled: set[str],
) -> list[tuple[date, list[Row]]]:
    """For each day the rows of accounts that are, or in this range become, concerned by a play."""
    at_risk = pl.col("tier").is_in(playbook.open_for_tiers)
    ever = set(scores.filter(at_risk)["account_id"].unique()) | enrolled
    told = (
        reasons.filter(pl.col("direction") == "risk")
        .join(scores.filter(at_risk), on=["account_id", "date"], how="semi")
        .sort("account_id", "date", "rank")
        .group_by("account_id", "date", maintain_order=True)
        .agg(
            pl.col("reason_code").alias("codes"),
            pl.col("play").alias("plays"),
            pl.col("reason_code", "play").filter(pl.col("rank") == 1).first(),
        )
    )
    has_before = "tier_before" in scores.columns
    before = pl.col("tier_before") if has_before else pl.lit(None, pl.String).alias("tier_before")
    rows = (
        scores.filter(pl.col("account_id").is_in(sorted(ever)))
        .select(
            *("account_id", "date", "tier", "tier_since", "gate", "arr", "segment"),
            before,
            at_risk=at_risk,
        )
        .join(told, ["account_id", "date"], "left")
        .join(accounts.select("account_id", "date", *HOLDERS), ["account_id", "date"], "left")
        .sort("account_id")
    )
    by_day: dict[Any, list[Row]] = {day: [] for day in scores["date"].unique().sort()}
    for row in rows.iter_rows(named=True):
        by_day[row["date"]].append(row)
    return list(by_day.items())


def _taken_back(plays: Mapping[str, list[Row]], holder: dict[str, str], new: Row) -> Row:
    """`new`, or the play of its id that a merge, undone since, gave to another account."""
    account, play_id = holder.get(new["play_id"]), new["play_id"]
    holder[play_id] = new["account_id"]
    if account is None or account == new["account_id"]:
        return new
    (own,) = (play for play in plays[account] if play["play_id"] == play_id)
    plays[account].remove(own)
    # What ended by the merge, or with the account, is opened anew.
    return new if own["outcome"] in NO_END else own | {"account_id": new["account_id"]}


def _running(plays: list[Row], day: date) -> list[Row]:
    now = end_of(day)
    return [play for play in plays if play["status"] in RUNNING and play["opened_at"] <= now]


def _close(play: Row, day: date, outcome: str) -> None:
    play.update(status="closed", closed_at=end_of(day), outcome=outcome)


def _one_day(plays: list[Row], row: Row, enrolment: Enrolment, *, is_muted: bool) -> Row | None:
    """What one day of one account does to its plays; gives the play that it opens."""
    running = _without_merged(_running(plays, row["date"]), row["date"])
    if not running:
        opened = _opened(plays, row, enrolment) if row["at_risk"] else None
        return _held_back(plays, opened) if opened is not None and is_muted else opened
    for play in running:
        _live(play, row)
    return None


def _without_merged(running: list[Row], day: date) -> list[Row]:
    """`running`; of several that a merge brought together only those that a person took on."""
    taken_on = [play for play in running if play["accepted_at"] is not None]
    if len(running) == 1 or not taken_on:
        return running
    for play in running:
        if play not in taken_on:
            _close(play, day, MERGED)
    return taken_on


def _live(play: Row, row: Row) -> None:
    """One more day of a running play."""
    if row["at_risk"] or row["tier"] == UNSCORED:
        play["calm_since"] = None  # a day without a score is no day of calm
        return
    since = play["calm_since"]  # of a later day where days are run again
    play["calm_since"] = row["date"] if since is None or since > row["date"] else since
    if row["date"] - play["calm_since"] >= timedelta(days=CALM_DAYS - 1):
        _close(play, row["date"], "recovered")


def _opened(plays: list[Row], row: Row, enrolment: Enrolment) -> Row | None:
    """The play that this day opens; None: its episode had one, or all that it calls for rest."""
    episode = stable_id("episode", row["account_id"], row["tier_since"] or row["date"])
    if any(_had_its_play(earlier, episode) for earlier in plays):
        return None
    for play, code in _called_for(row, enrolment):
        play_id = stable_id("play", row["account_id"], episode, play.name)
        if any(earlier["play_id"] == play_id for earlier in plays):
            return None
        if not any(_rests(earlier, play, row["date"]) for earlier in plays):
            return opened(play_id, episode, play, code, row, enrolment)
    return None


def _called_for(row: Row, enrolment: Enrolment) -> Iterator[tuple[Play, str | None]]:
    """What a row calls for; then, should that rest, the plays of its reasons in their order."""
    book = enrolment.playbook
    told = zip(row["plays"] or (), row["codes"] or (), strict=True)
    others = [(name, code) for name, code in told if name is not None]
    for name, code in (called_for(row, book, enrolment.gate_plays), *others):
        if name not in book.plays:
            known = ", ".join(sorted(book.plays))
            raise KeyError(f"reason {code} calls for the play {name}; plays.yaml has {known}")
        yield book.plays[name], code


def _had_its_play(earlier: Row, episode: str) -> bool:
    """Whether `earlier` was the play of `episode`: a person ended the matter, or it is held out.

    The note of a mute is no play, filled history decides nothing for published days, and an
    account that left and came back is a new matter.
    """
    return earlier["episode_id"] == episode and earlier["outcome"] not in NO_END


def _held_back(plays: list[Row], play: Row) -> Row | None:
    """`play` as the note that a mute held it back, None if noted; its own id stays free."""
    note = stable_id(MUTED, play["play_id"])
    if any(earlier["play_id"] == note for earlier in plays):
        return None
    closed = {"status": "closed", "closed_at": play["opened_at"], "outcome": MUTED}
    return play | closed | {"play_id": note}


def _rests(earlier: Row, play: Play, day: date) -> bool:
    """Whether `earlier` is the same play, worked on and closed less than its cooldown ago."""
    if (
        earlier["play"] != play.name
        or earlier["closed_at"] is None
        or earlier["outcome"] in UNWORKED
    ):
        return False
    if earlier["opened_at"] > end_of(day):
        return False
    closed_on: date = earlier["closed_at"].date()
    return (day - closed_on).days < play.cooldown_days

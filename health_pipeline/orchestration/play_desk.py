"""Plays as people work with them: what is open, and what somebody does about it (R91)."""

import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.adapters.store.play_actions import note_action
from health_pipeline.core.plays.people import ACCEPT, CLOSE
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.plays import as_people_left_them

RUN_ID = "health plays"
SHOWN = 5
"""So many ids are told where one was meant."""


class PlayError(ValueError):
    """What was asked cannot be done to this play; the message says why."""


def plays_now(stores: Stores) -> pl.DataFrame:
    """Every play with the name of its account, as people left it, the first due first."""
    names = stores.lake.frame("accounts")
    known = RESULT_TABLES["accounts"].empty() if names is None else names
    return (
        as_people_left_them(stores, _published(stores))
        .join(known.select("account_id", "name"), on="account_id", how="left")
        .sort("due_at", "play_id")
    )


def accept(stores: Stores, play_id: str, by: str) -> str:
    """`by` takes the play on, from now; gives its whole id.

    `play_id` may be as many of its first digits as no other play has.

    Raises:
        PlayError: there is no such play, or it is not open for it.
    """
    play = _play(stores, play_id)
    if play["status"] != "proposed":
        who = f" by {play['accepted_by']}" if play["accepted_by"] else ""
        raise PlayError(f"play {play_id} is {play['status']}{who}: only a proposal is accepted")
    return _act(stores, str(play["play_id"]), ACCEPT, by, None)


def close(stores: Stores, play_id: str, by: str, outcome: str) -> str:
    """`by` ends the play with `outcome`, in words; the rules open no second one in its episode.

    `play_id` and what is given are as of `accept`.

    Raises:
        PlayError: there is no such play, it is closed, or nothing is said of how it ended.
    """
    if not outcome.strip():
        raise PlayError("a play that is closed says how it ended")
    play = _play(stores, play_id)
    if play["status"] == "closed":
        raise PlayError(f"play {play_id} was closed on {play['closed_at']:%Y-%m-%d}")
    return _act(stores, str(play["play_id"]), CLOSE, by, outcome)


def _published(stores: Stores) -> pl.DataFrame:
    found = stores.lake.frame("plays")
    return RESULT_TABLES["plays"].empty() if found is None else found


def _play(stores: Stores, play_id: str) -> dict[str, object]:
    begins = pl.col("play_id").str.starts_with(play_id)
    rows = plays_now(stores).filter(begins) if play_id else plays_now(stores).clear()
    if rows.is_empty():
        raise PlayError(f"no play has the id {play_id}: `health plays list` shows the open ones")
    if rows.height > 1:
        found = ", ".join(rows["play_id"].head(SHOWN))
        raise PlayError(f"{rows.height} plays have an id that begins with {play_id}: {found}")
    return rows.row(0, named=True)


def _act(stores: Stores, play_id: str, action: str, by: str, outcome: str | None) -> str:
    now = House.now()
    note_action(stores.control, play_id, action, now, by, outcome)
    stores.lake.publish(
        [Write("plays", None, as_people_left_them(stores, _published(stores)))],
        run_id=RUN_ID,
        at=now,
    )
    return play_id

"""Which lake belongs to which control.db: two worlds never touch.

A control.db remembers its lake. A lake in object storage, which many machines can reach, also
remembers its control.db: each of two would sweep away what only the other one shows.
"""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

from health_pipeline.adapters.objects import ObjectStore, Place, Url
from health_pipeline.adapters.store import manifest
from health_pipeline.adapters.store.control import ControlError

OWNER = "_control_db"
"""The object that holds the id of the lake's control.db."""

RUN_FILES = "[0-9]" * 6 + "-*.parquet"
"""As the lake names its files; sources may lie below it too."""


def bind_lake(connection: sqlite3.Connection, path: Path, lake: Place) -> None:
    """Tie control.db to its lake.

    A lake that was moved (the old place is gone) is followed.

    Raises:
        ControlError: control.db belongs to another lake that still exists, or is new beside a lake
            with tables: they would be lost with their ids, decisions and plays, without a word.
        ObjectError: whether the other lake still exists cannot be told.
    """
    here = lake if isinstance(lake, Url) else str(lake.resolve())
    row = connection.execute("SELECT path FROM lake").fetchone()
    if row is None:
        if isinstance(lake, Path) and next(lake.rglob(RUN_FILES), None) is not None:
            raise ControlError(
                f"{path} is new, but {here} holds tables, which another control.db shows; bring "
                "that one back or name it (HEALTH_CONTROL_DB), or name an empty lake to begin anew"
            )
        connection.execute("INSERT INTO lake VALUES (?)", (here,))
    elif row[0] != here:
        if _exists(row[0]):
            raise ControlError(
                f"{path} belongs to the lake {row[0]}, not to {here}; "
                "name another HEALTH_CONTROL_DB for this lake; if it is a copy, take the other one "
                "away"
            )
        connection.execute("UPDATE lake SET path = ?", (here,))


def own(connection: sqlite3.Connection, store: ObjectStore) -> None:
    """Tie a lake in object storage to its control.db, before anything is written or swept there.

    Raises:
        ControlError: the lake belongs to another control.db, or is not the one that this
            control.db has published to.
        ObjectError: the lake cannot be read or written.
    """
    mine = _identity(connection)
    found = store.read(OWNER)
    if found is None:
        _prove(connection, store)
        store.create(OWNER, mine)
        found = store.read(OWNER)
    if found != mine:
        raise ControlError(
            f"{store.url} belongs to another control.db; use that one (HEALTH_CONTROL_DB), or name "
            f"a lake of its own for this one. If the other is lost for good, remove {OWNER} there"
        )


def _exists(place: str) -> bool:
    if "://" in place:
        return ObjectStore(Url(place)).read(OWNER) is not None
    return Path(place).exists()


def _identity(connection: sqlite3.Connection) -> bytes:
    """The id of this control.db, given on first use."""
    found = connection.execute("SELECT id FROM owner").fetchall()
    if not found:
        connection.execute(
            "INSERT INTO owner SELECT ? WHERE NOT EXISTS (SELECT 1 FROM owner)",
            (uuid.uuid4().hex,),
        )
        found = connection.execute("SELECT id FROM owner").fetchall()
    return str(found[0][0]).encode()


def _prove(connection: sqlite3.Connection, store: ObjectStore) -> None:
    """Of a lake without owner: what is visible must lie there, as in one that was copied over."""
    for entry in manifest.entries(connection)[:1]:
        found = store.look(entry.path)
        if found is None or found.size != entry.bytes:
            raise ControlError(
                f"{store.url} is not the lake that this control.db has published to: it holds no "
                f"{entry.path}; correct HEALTH_LAKE or the endpoint, copy the lake there, or name "
                "another HEALTH_CONTROL_DB"
            )

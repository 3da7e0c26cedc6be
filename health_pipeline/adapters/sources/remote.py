"""Sources in object storage: a local folder that mirrors what lies under the URL.

Everything that reads sources reads the folder. Only objects that are new or changed are fetched,
those that are gone are removed.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from health_pipeline.adapters.objects import Object, ObjectError, ObjectStore, at_once
from health_pipeline.adapters.sources.folder import SUFFIXES

JOURNAL = ".mirror.ndjson"
"""One line a fetched object: its token in the store, and what the file was like afterwards."""


def mirror(store: ObjectStore, folder: Path) -> Path:
    """Bring `folder` in step with the source files under the store's URL; returns `folder`.

    May be killed at any time: a file is whole or not there, and counts as fetched only when its
    line is in the journal. Of two processes at once, one waits for the other.

    Raises:
        ObjectError: object storage cannot be read, or a key is no file name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        wanted = {key: found for key, found in store.list().items() if _is_source(store, key)}
        _remove_others(folder, wanted)
        known = _journal(folder, wanted)
        stale = {
            key: found
            for key, found in wanted.items()
            if key not in known or known[key] != _line(folder, key, found)
        }
        _fetch(store, folder, stale)
    return folder


def _is_source(store: ObjectStore, key: str) -> bool:
    """Whether a key is a file that the file source would read; others are left where they are."""
    parts = key.split("/")
    hidden = parts[0].startswith(".") or any(part.startswith((".", "_")) for part in parts[1:])
    if hidden or not key.lower().endswith(SUFFIXES):
        return False
    if "" in parts:
        raise ObjectError(
            f"{store.url}/{key}: a key with an empty part can be no file; rename the object"
        )
    return True


def _fetch(store: ObjectStore, folder: Path, stale: dict[str, Object]) -> None:
    """Fetch several at once, noting each as soon as it is there."""
    lock = Lock()
    with (folder / JOURNAL).open("a", encoding="utf-8") as journal:

        def fetch(key: str) -> None:
            now = store.fetch_current(key, folder / key, stale[key])
            if now is None:  # it has gone since it was listed
                (folder / key).unlink(missing_ok=True)
                return
            with lock:
                journal.write(json.dumps([key, _line(folder, key, now)]) + "\n")
                journal.flush()

        at_once(fetch, stale)


def _line(folder: Path, key: str, found: Object) -> list[str | int] | None:
    """What the journal says when the file is the object's present version; None without a file."""
    try:
        stat = (folder / key).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [found.token, found.size, stat.st_size, stat.st_mtime_ns]


def _journal(folder: Path, wanted: Collection[str]) -> dict[str, list[str | int]]:
    """The last line of each wanted key; a line that a kill tore is none.

    Where half of the lines are superseded, the journal is written anew without them.
    """
    path, known = folder / JOURNAL, {}
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for line in lines:
        try:
            key, fetched = json.loads(line)
        except ValueError:
            continue
        if key in wanted:
            known[key] = fetched
    if len(lines) > 2 * len(known):
        temporary = path.with_suffix(".tmp")
        temporary.write_text("".join(f"{json.dumps(line)}\n" for line in known.items()), "utf-8")
        temporary.replace(path)
    return known


def _remove_others(folder: Path, wanted: Collection[str]) -> None:
    """Files that are no longer wanted, and folders that are empty without them."""
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif name not in wanted and name not in (JOURNAL, _LOCK):
            path.unlink()


_LOCK = ".mirror.lock"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else mirrors into `folder`; the lock of a killed process is free at once."""
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

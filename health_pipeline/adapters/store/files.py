"""Where the lake's run files lie: in a local folder, or in object storage with a folder as cache.

A run file never changes once it is written, and its name holds a digest of its bytes. So a copy
that is there is right for ever, and the cache needs no rule of expiry.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from health_pipeline.adapters.objects import TRANSFERS, ObjectError, ObjectStore, at_once
from health_pipeline.adapters.store.draft import Draft
from health_pipeline.adapters.store.manifest import Entry


class Folder:
    """Run files under the folder `root`."""

    writers = 4
    """Files written at once: each waits for the disk, not for a core."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def local(self, entries: Sequence[Entry]) -> list[Path]:
        """Where the files of `entries` can be read, in their order."""
        return [self.root / entry.path for entry in entries]

    def holds(self, entry: Entry) -> bool:
        """Whether the file that the manifest shows is there."""
        return (self.root / entry.path).exists()

    def keep(self, draft: Draft, path: str) -> None:
        """Make `draft` the file `path`, whole or not at all; `settle` must follow."""
        draft.keep(self.root / path)

    def settle(self, paths: Iterable[str]) -> None:
        """Sync the folders of the new files, so that their names survive a crash."""
        folders = {self.root / folder for path in paths for folder in PurePosixPath(path).parents}
        at_once(_sync_folder, sorted(folders))

    def sweep(self, visible: Collection[str], older_than: datetime) -> int:
        """Remove files that are not visible and were last changed before; returns how many."""
        removed = 0
        shown = {self.root / path for path in visible}
        for path in sorted(self.root.glob("**/*.parquet")) + sorted(self.root.glob("**/.*.tmp")):
            if path not in shown and path.stat().st_mtime < older_than.timestamp():
                path.unlink()
                removed += 1
        return removed


class Bucket(Folder):
    """Run files under a URL; `root` keeps a copy of each that was written or read here."""

    writers = TRANSFERS

    def __init__(self, store: ObjectStore, cache: Path) -> None:
        super().__init__(cache)
        self.store = store

    def local(self, entries: Sequence[Entry]) -> list[Path]:
        """As `Folder.local`; what the cache lacks is fetched first.

        Raises:
            ObjectError: an object cannot be read, or is not what the manifest says.
        """
        paths = super().local(entries)
        absent = [
            (entry, path)
            for entry, path in zip(entries, paths, strict=True)
            if not _is_whole(path, entry)
        ]
        at_once(self._fetch, absent)
        return paths

    def holds(self, entry: Entry) -> bool:
        """Whether the object that the manifest shows is there, whole."""
        found = self.store.look(entry.path)
        return found is not None and found.size == entry.bytes

    def keep(self, draft: Draft, path: str) -> None:
        """Put the object, then keep the file as its copy; a put is whole or nothing."""
        draft.keep(self.root / path, lambda file: self.store.put(file, path))

    def sweep(self, visible: Collection[str], older_than: datetime) -> int:
        """As `Folder.sweep`, of objects; copies of what is not visible go from the cache too."""
        super().sweep(visible, older_than)
        orphans = [
            key
            for key, found in self.store.list().items()
            if key.endswith(".parquet") and key not in visible
            if found.modified is not None and found.modified.timestamp() < older_than.timestamp()
        ]
        at_once(self.store.remove, orphans)
        return len(orphans)

    def _fetch(self, absent: tuple[Entry, Path]) -> None:
        entry, path = absent
        place = f"{self.store.url}/{entry.path}"
        what = f"{entry.table} {entry.partition or '(whole)'}"
        if not self.store.fetch(entry.path, path):
            raise ObjectError(
                f"{place}: the object is gone, although the manifest shows it as {what}; bring it "
                "back from a version or backup of the bucket, or run these days again"
            )
        if not _is_whole(path, entry):
            found = path.stat().st_size
            path.unlink()
            raise ObjectError(
                f"{place}: the object has {found:,} bytes, the manifest says {entry.bytes:,} "
                f"({what}); something else wrote it: bring the right one back from a version or "
                "backup of the bucket, or run these days again"
            )


def _is_whole(path: Path, entry: Entry) -> bool:
    try:
        return path.stat().st_size == entry.bytes
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

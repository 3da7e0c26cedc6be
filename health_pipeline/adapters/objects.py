"""Object storage through fsspec: the objects under one URL, and errors that say what to do.

Belongs here: listing, fetching, putting, removing. Does not: what the objects mean. Credentials and
endpoint come from the environment and the files that the library reads, never from the URL.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import get_ident
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

TRANSFERS = 16
"""Objects on their way at once: each waits for the network, not for a core."""

READS = 4
"""How often an object that is replaced while being read is read anew."""

TOKENS = ("ETag", "etag", "generation", "md5Hash", "crc32c", "mtime", "last_modified", "created")
"""What stores call the thing that changes with the content; the first one present counts."""

MOMENTS = ("LastModified", "last_modified", "mtime", "updated", "created")

REMEDIES = {
    "NoCredentialsError": "no credentials were found; set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or name a profile in AWS_PROFILE",
    "PermissionError": "access was refused; check the credentials, and that they may list, read, "
    "write and delete under this URL",
    "FileNotFoundError": "does not exist; create it, or correct the URL",
    "ConnectionError": "the server cannot be reached; check the network, and AWS_ENDPOINT_URL "
    "where the store is not Amazon's",
    "ImportError": "the library for this kind of URL is not installed; for s3:// install "
    "health-pipeline[s3]",
    "ValueError": "is no place that can be used; write it as s3://bucket/prefix",
}
"""Remedy by the name of an error's class or of one that it descends from, the first that fits."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class ObjectError(OSError):
    """Object storage did not do what was asked; the message names the URL, why, and the remedy."""


class Url(str):
    """A place in object storage, without a slash at its end."""

    __slots__ = ()

    @property
    def slug(self) -> str:
        """A name for a local folder, its own for each URL."""
        words = re.sub(r"[^\w.-]+", "_", self)[:60]
        return f"{words}-{hashlib.sha256(self.encode()).hexdigest()[:8]}"


Place: TypeAlias = Path | Url
"""A local folder, or a URL prefix of object storage."""


def as_place(written: str | Path) -> Place:
    """A path stays one, text with a scheme is a URL; `file://` and everything else is a path.

    Raises:
        ValueError: the URL holds a password, which would be printed wherever the URL is.
    """
    if isinstance(written, Path) or "://" not in written:
        return Path(written).expanduser()
    if written.startswith("file://"):
        return Path(written.removeprefix("file://"))
    if urlsplit(written).password is not None:
        safe = re.sub(r"//[^/]*@", "//…@", written)
        raise ValueError(f"{safe}: holds a password; leave it to the environment")
    return Url(written.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Object:
    """One object: bytes, a token that changes with its content, when it was last changed."""

    size: int
    token: str
    modified: datetime | None


class ObjectStore:
    """The objects under `url`; connects on first use. Keys are relative to the URL."""

    def __init__(self, url: Url) -> None:
        self.url = url

    @cached_property
    def _connection(self) -> tuple[Any, str]:
        import fsspec

        with self._told():
            # No cached listings: others write here too.
            system, root = fsspec.url_to_fs(self.url, use_listings_cache=False)
        return system, str(root).rstrip("/")

    def list(self) -> dict[str, Object]:
        """Every object by key; nothing when nothing lies under the URL."""
        system, root = self._connection
        with self._told():
            found = system.find(root, detail=True)
        return {
            name.removeprefix(f"{root}/"): _object(info)
            for name, info in sorted(found.items())
            if name.startswith(f"{root}/")
        }

    def look(self, key: str) -> Object | None:
        """The object as it is now, None when there is none."""
        system, root = self._connection
        with self._told(key):
            try:
                return _object(system.info(f"{root}/{key}"))
            except FileNotFoundError:
                return None

    def read(self, key: str) -> bytes | None:
        """A small object's content, None when there is none."""
        system, root = self._connection
        with self._told(key):
            try:
                return bytes(system.cat_file(f"{root}/{key}"))
            except FileNotFoundError:
                return None

    def create(self, key: str, content: bytes) -> None:
        """Write a small object unless it is there, where the store can tell; else write it."""
        system, root = self._connection
        with self._told(key):
            try:
                system.pipe_file(f"{root}/{key}", content, mode="create")
            except FileExistsError:
                return

    def put(self, source: Path, key: str) -> None:
        """Copy a file into an object; a reader sees all of it or nothing."""
        system, root = self._connection
        with self._told(key):
            system.put_file(str(source), f"{root}/{key}")

    def remove(self, key: str) -> None:
        """Remove an object."""
        system, root = self._connection
        with self._told(key):
            system.rm_file(f"{root}/{key}")

    def fetch(self, key: str, to: Path) -> bool:
        """Copy an object that never changes into the file `to`, whole or not at all.

        Returns:
            False when there is no such object.
        """
        with _arriving(to) as temporary:
            found = self._copy(key, temporary)
            if found:
                _settle(temporary, to)
        return found

    def fetch_current(self, key: str, to: Path, seen: Object) -> Object | None:
        """As `fetch`, of an object that others may replace: never parts of two versions of it.

        Args:
            key: the object.
            to: the file.
            seen: the object as it was listed.

        Returns:
            The version that `to` holds now; None when the object has gone meanwhile.
        """
        with _arriving(to) as temporary:
            for _ in range(READS):
                now = self.look(key) if self._copy(key, temporary) else None
                if now is None:
                    return None
                if now.token == seen.token and temporary.stat().st_size == now.size:
                    _settle(temporary, to)
                    return now
                seen = now
        raise ObjectError(f"{self.url}/{key}: was replaced during each of {READS} reads; run again")

    def _copy(self, key: str, to: Path) -> bool:
        system, root = self._connection
        with self._told(key):
            try:
                system.get_file(f"{root}/{key}", str(to))
            except FileNotFoundError:
                return False
        return True

    @contextmanager
    def _told(self, key: str = "") -> Iterator[None]:
        """Errors of the library become one that names the place and the remedy."""
        try:
            yield
        except Exception as error:  # each library has classes of its own
            place = f"{self.url}/{key}" if key else self.url
            raise ObjectError(f"{place}: {_why(error)}") from error


def at_once(do: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`do` for each item, several at a time; raises what the first failing one raised."""
    with ThreadPoolExecutor(TRANSFERS) as pool:
        return list(pool.map(do, items))


@contextmanager
def _arriving(to: Path) -> Iterator[Path]:
    """A name beside `to`; what is left there at the end is removed."""
    to.parent.mkdir(parents=True, exist_ok=True)
    temporary = to.with_name(f".{to.name}.{os.getpid()}-{get_ident()}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _settle(temporary: Path, to: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(to)


def _object(info: dict[str, Any]) -> Object:
    token = next((str(info[name]) for name in TOKENS if info.get(name) is not None), "")
    moments = (info.get(name) for name in MOMENTS)
    modified = next((moment for moment in moments if isinstance(moment, datetime)), None)
    size = info.get("size")
    return Object(-1 if size is None else int(size), token, modified)


def _why(error: Exception) -> str:
    """What happened, and what to do about it."""
    classes = [one.__name__ for one in type(error).__mro__]
    remedy = next((REMEDIES[name] for name in REMEDIES if name in classes), "try again later")
    said = " ".join(str(error).split())
    return f"{remedy} ({type(error).__name__}: {said})"

"""Helpers of the rules about names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path


def listed(names: Iterable[str]) -> str:
    """Names in the order given, for the `allowed` of an issue."""
    return ", ".join(names) or "none is defined"


def unknown(
    draft: Draft, file: str, path: Path, name: str, known: Sequence[str], what: str
) -> Iterator[Issue]:
    """An issue at `path` when `name` is not one of `known`."""
    if name not in known:
        yield draft.issue(file, path, f"no {what} of this name", listed(known))


def repeated(draft: Draft, file: str, path: Path, names: Sequence[str]) -> Iterator[Issue]:
    """An issue for each name of the list at `path` that an earlier entry has already."""
    for n in _again(names):
        yield draft.issue(file, (*path, n, "name"), "the name stands twice", "a name of its own")


def listed_twice(draft: Draft, file: str, path: Path, names: Sequence[str]) -> Iterator[Issue]:
    """An issue for each entry of the list of names at `path` that stands there already."""
    for n in _again(names):
        yield draft.issue(file, (*path, n), "stands twice", "each name once")


def _again(names: Sequence[str]) -> list[int]:
    return [n for n, name in enumerate(names) if name in names[:n]]


def badly_named(draft: Draft, file: str, path: Path, name: str) -> Iterator[Issue]:
    """An issue when `name` is not snake_case, as column values and keys are."""
    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        yield draft.issue(
            file, path, f"{name!r} is not a plain name", "lower_case_with_underscores"
        )


def is_zone(name: str) -> bool:
    """Whether the IANA database has a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True

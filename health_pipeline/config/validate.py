"""Plain data → written shape, and pydantic's errors → issues with lines."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from health_pipeline.config.allowed import allowed_at, keys_at
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.yaml_reader import Document
from health_pipeline.core.schemas.base import Frozen

Shape = TypeVar("Shape", bound=Frozen)

_PROBLEMS = {
    "bool": "not true or false",
    "date": "not a date",
    "dict": "not a block of keys",
    "float": "not a number",
    "frozen": "not a list",
    "greater": "out of range",
    "int": "not a whole number",
    "less": "out of range",
    "literal": "not one of the allowed values",
    "missing": "missing",
    "model": "not a block of keys",
    "string": "not text",
    "too": "of the wrong length",
    "tuple": "not a list",
}
"""First word of pydantic's error type → what is wrong."""


def parse(
    document: Document, shape: type[Shape], data: Any, prefix: Path = ()
) -> tuple[Shape | None, list[Issue]]:
    """`data`, which stands at `prefix` of `document`, as `shape`; or the issues that forbid it.

    Types are strict: "10" is text, not a number. Values that the reader refused raise no second
    issue.
    """
    try:
        text = json.dumps(data, default=lambda value: value.isoformat())
        return shape.model_validate_json(text, strict=True), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    found: dict[Path, Issue] = {}
    for detail in details:
        path = _place(document, prefix, detail)
        issue = _issue(document, shape, path, prefix, detail)
        if path not in document.refused and path not in found:
            found[path] = issue
    # A list whose entries are wrong is told of as too short, as well.
    short = {_place(document, prefix, one) for one in details if one["type"] == "too_short"}
    inside = {path[:n] for path in found for n in range(len(path))}
    return None, [issue for path, issue in found.items() if path not in short & inside]


def _place(document: Document, prefix: Path, detail: ErrorDetails) -> Path:
    """Where the error lies in the file; a missing key lies where it should stand."""
    path = document.known((*prefix, *detail["loc"]))
    last = detail["loc"][-1] if detail["loc"] else None
    return (*path, last) if detail["type"] == "missing" and isinstance(last, str) else path


def _issue(
    document: Document, shape: type[Frozen], path: Path, prefix: Path, detail: ErrorDetails
) -> Issue:
    inside = path[len(prefix) :]
    if detail["type"] == "extra_forbidden":
        keys = keys_at(shape, inside[:-1])
        return document.issue(path, "unknown key", ", ".join(keys) or "no keys at all")
    if detail["type"] == "missing" and isinstance(detail["loc"][-1], int):
        return document.issue(path, "of the wrong length", allowed_at(shape, inside))
    problem = _PROBLEMS.get(detail["type"].partition("_")[0], detail["msg"])
    return document.issue(path, problem, allowed_at(shape, inside))

"""From a folder of YAML to a health model, or to everything that is wrong with it."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from health_pipeline.config.checks.every import semantic_issues
from health_pipeline.config.draft import Draft, read_draft
from health_pipeline.config.issue import Issue, ModelError
from health_pipeline.config.model import HealthModel
from health_pipeline.config.resolve import resolve
from health_pipeline.config.shapes import FILES


def load_model(folder: Path | None = None) -> HealthModel:
    """The model of `folder`, with the package's files where it has none; None = the package's.

    Raises:
        ModelError: with every issue of every file, when any of them is an error.
    """
    draft, issues = _read(folder)
    if any(issue.severity == "error" for issue in issues):
        raise ModelError(issues)
    return resolve(draft)


def check_model(folder: Path | None = None) -> list[Issue]:
    """Every error and warning of every file, in the order of files and lines."""
    return _read(folder)[1]


def _read(folder: Path | None) -> tuple[Draft, list[Issue]]:
    with as_file(files("health_pipeline") / "model") as packaged:
        draft, issues = read_draft(folder or packaged, packaged)
    return draft, sorted([*issues, *semantic_issues(draft)], key=_place)


def _place(issue: Issue) -> tuple[int, int, str]:
    name = issue.file.removesuffix(".yaml")
    return FILES.index(name) if name in FILES else -1, issue.line, issue.key

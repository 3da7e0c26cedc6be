"""What is wrong with a model, said so that the person who wrote the line can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Path = tuple[str | int, ...]
"""Where a value stands in its file: keys, and places in lists from 0."""

LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding.

    Attributes:
        file: name of the file in the model's folder.
        line: from 1.
        key: dotted path of the key, empty for the file as a whole.
        value: what stands there, as text; empty when nothing does.
        problem: what is wrong with it; `allowed`: what would be right, empty when that says it all.
        severity: a model with an error is refused, one with warnings only is used.
    """

    file: str
    line: int
    key: str
    value: str
    problem: str
    allowed: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """One line: `signals.yaml:14: usage_trend.weight = 'ten': not a number (allowed: …)`."""
        word = "" if self.severity == "error" else f"{self.severity}: "
        value = f" = {self.value}" if self.value else ""
        key = f"{self.key}{value}: " if self.key else ""
        allowed = f" (allowed: {self.allowed})" if self.allowed else ""
        return f"{self.file}:{self.line}: {word}{key}{self.problem}{allowed}"


class ModelError(Exception):
    """The model cannot be used; `issues` holds every finding of every file."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))


def dotted(path: Path) -> str:
    """`("gates", 0, "cap")` as `gates[0].cap`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """A value as it stands in an issue: short, and quoted if it is text; blocks are not shown."""
    parts = value if isinstance(value, list) else [value]
    if value is None or any(isinstance(part, dict | list) for part in parts):
        return ""
    text = repr(value) if isinstance(value, str | list) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return shortened(text)


def shortened(text: str) -> str:
    """`text`, cut where it would fill the line."""
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"

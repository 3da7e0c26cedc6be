"""What stands in a written report, read back as a browser reads it."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

_PIECE = re.compile(r'<script type="text/plain" id="(rows|renewals|details)-\d+">([^<]*)</script>')


class Page:
    """The text of a report, its figures, its rows and the details of its accounts."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = re.search(
            r'<script type="application/json" id="head">(.*?)</script>', text, re.DOTALL
        )
        assert found
        self.head: dict[str, Any] = json.loads(found[1])
        pieces = [
            (kind, json.loads(gzip.decompress(b64decode(piece))))
            for kind, piece in _PIECE.findall(text)
        ]
        self.rows = _joined([piece for kind, piece in pieces if kind == "rows"])
        self.renewals = _joined([piece for kind, piece in pieces if kind == "renewals"])
        self.details = _joined([piece for kind, piece in pieces if kind == "details"])

    @classmethod
    def of(cls, path: Path) -> Page:
        return cls(path.read_text("utf-8"))

    def row(self, account: str) -> dict[str, Any]:
        n = self.rows["id"].index(account)
        return {name: values[n] for name, values in self.rows.items()}

    def detail(self, account: str) -> dict[str, Any]:
        n = self.rows["id"].index(account)
        return {name: values[n] for name, values in self.details.items()}

    def history(self, account: str) -> dict[str, int]:
        """Day → tenths, for days with a score."""
        last, found = 0, {}
        for day, change in zip(self.head["days"], self.detail(account)["scores"], strict=True):
            if change is not None:
                last += change
                found[day] = last
        return found


def _joined(pieces: list[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    whole: dict[str, list[Any]] = {}
    for piece in pieces:
        for name, values in piece.items():
            whole.setdefault(name, []).extend(values)
    return whole

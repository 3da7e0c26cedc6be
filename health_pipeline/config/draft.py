"""A model as read: each file in its written shape, where it could be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from health_pipeline.adapters.sources.params import SourcesConfig
from health_pipeline.config.expand import expanded
from health_pipeline.config.fitted import fitted, fitted_plays, reason_codes
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.secrecy import secrets
from health_pipeline.config.shapes import (
    FILES,
    SHAPES,
    WrittenDelivery,
    WrittenLearning,
    WrittenOverrides,
    WrittenPlays,
    WrittenScoring,
    WrittenSegments,
    WrittenSignal,
)
from health_pipeline.config.validate import parse
from health_pipeline.config.yaml_reader import Document, read_document
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.alerts.params import AlertRules
from health_pipeline.core.identity.params import IdentityRules
from health_pipeline.core.schemas.base import Frozen
from health_pipeline.core.schemas.churn import ChurnDefinition

Part = TypeVar("Part", bound=Frozen)


class BrokenError(Exception):
    """A file that is needed could not be read; its own issues stand already."""


@dataclass(slots=True)
class Draft:
    """The files of one folder, as documents and as written shapes.

    Each property raises `BrokenError` when its file did not fit its shape.
    """

    documents: dict[str, Document] = field(default_factory=dict)
    parts: dict[str, Frozen] = field(default_factory=dict)
    good_signals: dict[str, WrittenSignal] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    """Files of the folder itself; the others are those of the package."""

    def _part(self, name: str, shape: type[Part]) -> Part:
        part = self.parts.get(name)
        if not isinstance(part, shape):
            raise BrokenError(name)
        return part

    @property
    def churn(self) -> ChurnDefinition:
        """churn.yaml."""
        return self._part("churn", ChurnDefinition)

    @property
    def identity(self) -> IdentityRules:
        """identity.yaml."""
        return self._part("identity", IdentityRules)

    @property
    def activity(self) -> ActivityRules:
        """activity.yaml."""
        return self._part("activity", ActivityRules)

    @property
    def segments(self) -> WrittenSegments:
        """segments.yaml."""
        return self._part("segments", WrittenSegments)

    @property
    def scoring(self) -> WrittenScoring:
        """scoring.yaml."""
        return self._part("scoring", WrittenScoring)

    @property
    def plays(self) -> WrittenPlays:
        """plays.yaml."""
        return self._part("plays", WrittenPlays)

    @property
    def alerts(self) -> AlertRules:
        """alerts.yaml."""
        return self._part("alerts", AlertRules)

    @property
    def sources(self) -> SourcesConfig:
        """sources.yaml."""
        return self._part("sources", SourcesConfig)

    @property
    def delivery(self) -> WrittenDelivery:
        """delivery.yaml."""
        return self._part("delivery", WrittenDelivery)

    @property
    def learning(self) -> WrittenLearning:
        """learning.yaml."""
        return self._part("learning", WrittenLearning)

    @property
    def overrides(self) -> WrittenOverrides:
        """overrides.yaml."""
        return self._part("overrides", WrittenOverrides)

    @property
    def signals(self) -> dict[str, WrittenSignal]:
        """signals.yaml, when every block of it has its shape."""
        if set(self.good_signals) != set(self.names("signals")):
            raise BrokenError("signals")
        return self.good_signals

    def document(self, file: str) -> Document:
        """`file` as it stands."""
        if file not in self.documents:
            raise BrokenError(file)
        return self.documents[file]

    def names(self, file: str, *path: str) -> list[str]:
        """Keys of the block at `path` of `file`, whether or not their values have their shape."""
        block = self.document(file).value(path)
        if not isinstance(block, dict):
            raise BrokenError(file)
        return list(block)

    def issue(self, file: str, path: Path, problem: str, allowed: str = "") -> Issue:
        """An error about `path` of `file`."""
        return self.document(file).issue(path, problem, allowed)


def own_files(folder: FilePath) -> list[str]:
    """The model files that `folder` holds itself; the others are those of the package."""
    return [name for name in FILES if (folder / f"{name}.yaml").exists()]


def read_draft(folder: FilePath, packaged: FilePath) -> tuple[Draft, list[Issue]]:
    """The files of `folder`, and what keeps any of them from having its shape.

    A file that `folder` does not hold is the one of `packaged`, so that a model of one's own says
    only what differs.
    """
    if not folder.is_dir():
        return Draft(), [Issue(folder.name, 1, "", "", "no such folder", "a folder of YAML files")]
    own = own_files(folder)
    if not own:
        names = ", ".join(f"{name}.yaml" for name in FILES)
        nothing = Issue(folder.name, 1, "", "", "holds no model file", names)
        return Draft(), _strangers(folder) or [nothing]
    draft, found = Draft(own=frozenset(own)), _strangers(folder)
    for name in FILES:
        document = read_document((folder if name in own else packaged) / f"{name}.yaml")
        if isinstance(document, Issue):
            found.append(document)
            continue
        draft.documents[name] = document
        found += document.issues
        found += _shape_signals(draft) if name == "signals" else _shape(draft, name)
    if "scoring" not in own and "signals" in own:
        _fit_scoring(draft)
    if "plays" not in own:
        _fit_plays(draft)
    return draft, found


def _fit_scoring(draft: Draft) -> None:
    """The packaged gates and indexes that fit signals of one's own."""
    try:
        draft.parts["scoring"] = fitted(draft.scoring, draft.names("signals"))
    except BrokenError:
        return  # signals.yaml itself is to be mended first


def _fit_plays(draft: Draft) -> None:
    """The packaged triggers that fit scoring, signals and segments of one's own."""
    try:
        scoring, segments, plays = draft.scoring, draft.segments, draft.plays
    except BrokenError:
        return
    gates = [*(g.name for g in scoring.gates), *(g.name for g in scoring.combined_gates)]
    names = [*(segment.name for segment in segments.segments), segments.default]
    draft.parts["plays"] = fitted_plays(plays, reason_codes(draft.good_signals), gates, names)


def _strangers(folder: FilePath) -> list[Issue]:
    """YAML files that no one would read."""
    known = {f"{name}.yaml" for name in FILES}
    names = sorted(f.name for f in folder.iterdir() if f.suffix in (".yaml", ".yml"))
    allowed = ", ".join(f"{name}.yaml" for name in FILES)
    return [Issue(n, 1, "", "", "an unknown file", allowed) for n in names if n not in known]


def _shape(draft: Draft, name: str) -> list[Issue]:
    document = draft.documents[name]
    hidden = secrets(document)
    part, found = parse(document, SHAPES[name], expanded(name, document.data))
    if part is not None:
        draft.parts[name] = part
    return hidden + found


def _shape_signals(draft: Draft) -> list[Issue]:
    """Block by block, so that one bad signal hides nothing about the others."""
    document, found = draft.documents["signals"], []
    for name, block in document.data.items():
        signal, issues = _signal(document, name, block)
        found += issues
        if signal is not None:
            draft.good_signals[name] = signal
    return found


def _signal(document: Document, name: str, block: Any) -> tuple[WrittenSignal | None, list[Issue]]:
    if not isinstance(block, dict):
        return None, [document.issue((name,), "not a block of keys")]
    return parse(document, WrittenSignal, block, (name,))

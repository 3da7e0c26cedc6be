"""The one module that reads YAML: plain data, the line of every key, and what no file may hold.

Refused, each with its line: duplicate keys, NaN and infinity, keys that are not text, tags other
than YAML's plain ones, merge keys and aliases (every value stands where it is read).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from health_pipeline.config.issue import Issue, Path, dotted, shortened, shown

PLAIN = {
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "timestamp", "map", "seq")
}
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


@dataclass(slots=True)
class Document:
    """One file as read.

    Attributes:
        file: its name.
        data: mappings, lists, text, numbers, bools, dates and None; refused values are None.
        lines: path → line, from 1.
        written: path → a number as it stands there, which may not be how it is read (`0015`).
        issues: what was refused.
    """

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    refused: set[Path] = field(default_factory=set)

    def known(self, loc: Path) -> Path:
        """`loc` without the parts that the file does not hold."""
        path: Path = ()
        for part in loc:
            if (*path, part) in self.lines:
                path = (*path, part)
        return path

    def line(self, loc: Path) -> int:
        """The line of `loc`, or of the nearest block around it."""
        return self.lines.get(self.known(loc), 1)

    def value(self, path: Path) -> Any:
        """What stands at `path`; None when nothing does."""
        found: Any = self.data
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found

    def issue(self, path: Path, problem: str, allowed: str = "") -> Issue:
        """An error about `path`, with its line and value."""
        value = shown(self.value(path))
        if isinstance(self.value(path), int | float):  # a secret is text, whatever it was
            value = self.written.get(path, value)
        return Issue(self.file, self.line(path), dotted(path), value, problem, allowed)


def read_document(path: FilePath) -> Document | Issue:
    """The file at `path`, or the one reason why nothing of it can be read."""
    try:
        root = _composed(path)
    except _UnreadableError as error:
        return Issue(path.name, error.line, "", "", error.problem)
    document = Document(path.name)
    document.data = _Builder(document).mapping(root, ())
    return document


class _UnreadableError(Exception):
    """Nothing of a file can be used, because of what stands on `line`."""

    def __init__(self, line: int, problem: str) -> None:
        self.line, self.problem = line, problem
        super().__init__(problem)


def _composed(path: FilePath) -> yaml.MappingNode:
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _UnreadableError(line, f"not YAML: {error.reason}") from error
    except RecursionError as error:
        raise _UnreadableError(1, "nested too deeply") from error
    if root is None:
        raise _UnreadableError(1, "the file is empty")
    if not isinstance(root, yaml.MappingNode):
        raise _UnreadableError(1, "not a block of keys, lines such as `key: value`")
    return root


def _unreadable(error: yaml.MarkedYAMLError) -> _UnreadableError:
    """What the parser says, and in plain words where people meet it often."""
    mark, problem = error.problem_mark or error.context_mark, error.problem or error.context or ""
    if problem == "found unexpected end of stream":  # the line that counts is where it began
        mark, problem = error.context_mark or mark, "a quote is opened here and never closed"
    elif problem.startswith("found character '\\t'"):
        problem = "a tab, where only spaces may stand"
    elif problem == "mapping values are not allowed here":
        problem = (
            "a colon where no key can stand: text that holds one is quoted (or the indent is off)"
        )
    return _UnreadableError(mark.line + 1 if mark else 1, f"not YAML: {problem}")


def _text(path: FilePath) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise _UnreadableError(1, "the file is missing") from error
    except OSError as error:
        raise _UnreadableError(1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _UnreadableError(line, "not UTF-8 text") from error


class _Builder:
    """Turns composed nodes into plain data, noting lines and refusals in a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.seen: set[int] = set()

    def refuse(
        self, path: Path, line: int, problem: str, allowed: str = "", value: str = ""
    ) -> None:
        self.document.refused.add(path)
        self.document.issues.append(
            Issue(self.document.file, line, dotted(path), value, problem, allowed)
        )

    def build(self, node: yaml.Node, path: Path) -> Any:
        line = self.document.line(path)
        if id(node) in self.seen:
            return self.refuse(path, line, "an alias", "the value itself, written out")
        self.seen.add(id(node))
        if node.tag not in PLAIN:
            return self.refuse(path, line, f"the tag {node.tag}", "plain YAML values")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.item(child, (*path, n)) for n, child in enumerate(node.value)]
        return self.scalar(node, path)

    def item(self, node: yaml.Node, path: Path) -> Any:
        self.document.lines[path] = node.start_mark.line + 1
        return self.build(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                self.refuse((*path, key), line, "a merge key", "the keys themselves, written out")
            elif key_node.tag != "tag:yaml.org,2002:str":
                words = f'"{key}"' if isinstance(key, str) else "a word"
                self.refuse(path, line, "a key is not text", words)
            elif key in found:
                first = self.document.lines[(*path, key)]
                self.refuse((*path, key), line, f"stands twice, first on line {first}")
            else:
                self.document.lines[(*path, key)] = line
                found[key] = self.build(value_node, (*path, key))
        return found

    def scalar(self, node: yaml.Node, path: Path) -> Any:
        line = self.document.line(path)
        try:
            value = _CONSTRUCTOR.construct_object(node)
        except (ValueError, yaml.YAMLError):
            kind = node.tag.rpartition(":")[2].replace("timestamp", "date")
            return self.refuse(path, line, f"not a {kind} that exists", "", shown(node.value))
        if isinstance(value, float) and not math.isfinite(value):
            return self.refuse(path, line, "not a finite number", "a number", node.value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.document.written[path] = shortened(node.value)
        return value

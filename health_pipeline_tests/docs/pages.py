"""What people read, taken apart: pages, code blocks, links, commands."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted(ROOT.glob("docs/runbooks/*.md"))
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/*.md"), *RUNBOOKS]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    """Fenced blocks of one language; "" = without one."""
    return [body for found, body in BLOCK.findall(text) if found == language]


def block_with(language: str, words: str) -> str:
    """The one block of the README that holds `words`."""
    (found,) = [block for block in blocks(README, language) if words in block]
    return found


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return BLOCK.sub("", text)


def commands(page: Path) -> Iterator[str]:
    """Lines of blocks, and inline code, that start with a command of ours."""
    text = page.read_text(encoding="utf-8")
    lines = [line.strip() for block in blocks(text, "") for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", prose(text))
    for found in (*lines, *spans):
        command = found.removeprefix(".venv/bin/")
        if re.match(r"(health|make) [a-z]", command):
            yield command


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def tracked() -> list[Path]:
    """Every file of the repository that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]

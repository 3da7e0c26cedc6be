"""What each channel makes of the five messages, as files: `python -m …channels.golden`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from health_pipeline.adapters.channels.kinds import (
    apprise,
    console,
    email,
    file,
    pagerduty,
    slack,
    webhook,
)
from health_pipeline.core.schemas.messages import Message
from health_pipeline_tests.adapters.channels.five import FIVE, NOW

LONG, HEAD, TAIL = 9_000, 5_000, 1_500
FOLDER = Path(__file__).parents[2] / "golden" / "channels"
MAIL = email.Params(host="mail.example", sender="health@us.example")


def _pretty(text: str | bytes) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False, indent=1) + "\n"


def _mail(message: Message) -> str:
    mail = email.rendered(message, MAIL, message.to, message.key, NOW)
    parts = [f"{name}: {value}" for name, value in mail.items() if name != "Content-Type"]
    for part in mail.iter_parts():
        parts += ["", f"--- {part.get_content_type()}", part.get_content()]
    return "\n".join(parts)


RENDERED: dict[str, Callable[[Message], str]] = {
    "apprise": lambda one: "\n\n".join(apprise.rendered(one, 15_000)) + "\n",
    "console": lambda one: console.rendered(one, one.key),
    "email": _mail,
    "file": lambda one: _pretty(file.rendered(one, one.key, NOW)),
    "pagerduty": lambda one: _pretty(json.dumps(pagerduty.rendered(one))),
    "slack": lambda one: _pretty(slack.rendered(one)),
    "webhook": lambda one: _pretty(webhook.rendered(one)),
}


def pages() -> Iterator[tuple[Path, str]]:
    """Every golden file, and what it should hold."""
    for kind, render in RENDERED.items():
        for name, message in FIVE.items():
            yield FOLDER / f"{kind}_{name}.txt", _readable(render(message))


def _readable(text: str) -> str:
    """A long text by its beginning, its end, and a digest of what lies between them."""
    if len(text) <= LONG:
        return text
    middle = text[HEAD:-TAIL]
    digest = hashlib.sha256(middle.encode()).hexdigest()[:16]
    return f"{text[:HEAD]}\n[… {len(middle):,} characters, {digest} …]\n{text[-TAIL:]}"


if __name__ == "__main__":
    for path, text in pages():
        path.write_bytes(text.encode())

"""Slack, by an incoming webhook: about one message a second to one channel.

The address is the credential. Success is 200 with the body `ok`. Slack has no idempotency key: a
message that may have arrived says "Possible repeat". Names of customers stand in plain text, where
no markup, mention or emoji name has an effect.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from health_pipeline.adapters.channels.credentials import NotConfiguredError, address
from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.adapters.channels.plain import clipped
from health_pipeline.adapters.channels.result import SendResult, judged
from health_pipeline.adapters.channels.wording import (
    Told,
    context,
    headline,
    label,
    links,
    text_lines,
    told,
)
from health_pipeline.adapters.http import Answer, post
from health_pipeline.core.schemas.messages import Message

DEDUPES = False
HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")

FINAL = (400, 403, 404, 410)
"""invalid_payload, action_prohibited, channel_not_found, channel_is_archived."""

MAX_BYTES = 10_000
MAX_BLOCKS = 50
HEADER, SECTION = 150, 3_000
"""Characters of a header and of a section, escaped."""


class Params(ChannelParams):
    """`url_env` or `url_file` names where the webhook's address is kept."""

    kind: Literal["slack"] = "slack"
    per_second: float = 1.0
    url_env: str | None = None
    url_file: str | None = None


def missing(config: Params) -> str | None:
    """Why the channel is not ready, None when it is."""
    try:
        address(config)
    except NotConfiguredError as reason:
        return str(reason)
    return None


def send(message: Message, config: Params, key: str, now: datetime, again: bool) -> SendResult:
    """POST one message."""
    del key
    try:
        url = address(config)
    except NotConfiguredError as reason:
        return SendResult(ok=False, error=str(reason))
    body = rendered(message, again=again)
    sent = {"content-type": "application/json; charset=utf-8"}
    answer = post(url, body, sent, config.timeout_seconds, config.allow_hosts)
    return judged(answer, now, FINAL, _says_ok)


def _says_ok(answer: Answer) -> bool:
    return answer.whole and answer.body.strip() == b"ok"


def rendered(message: Message, *, again: bool = False) -> bytes:
    """The body: at most 50 blocks, 3,000 characters a section, under 10,000 bytes in all."""
    fitting = told(message.alerts, lambda lines: _fits(message, lines, again=again))
    return _body(message, fitting, again=again)


def _fits(message: Message, lines: Sequence[str], *, again: bool) -> bool:
    fitting = Told(tuple(lines), len(message.alerts) - len(lines))
    blocks = _blocks(message, fitting, again=again)
    return len(blocks) <= MAX_BLOCKS and len(_body(message, fitting, again=again)) < MAX_BYTES


def _body(message: Message, fitting: Told, *, again: bool) -> bytes:
    body = {
        "text": _clip(f"{label(message)}: {headline(message, again=again)}", HEADER * 2),
        "blocks": _blocks(message, fitting, again=again),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _blocks(message: Message, fitting: Told, *, again: bool) -> list[dict[str, Any]]:
    head = _plain(f"{label(message)}: {headline(message, again=again)}", HEADER)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": head}]
    own = "\n".join(text_lines(message))
    if own:
        blocks.append({"type": "section", "text": _plain(own, SECTION // 2)})
    glue = ", " if fitting.named_only else "\n"
    lines = [*fitting.lines, *([fitting.rest] if fitting.rest else [])]
    blocks += [{"type": "section", "text": _plain(part, SECTION)} for part in _parts(lines, glue)]
    found = " · ".join(f"<{escaped(one.href)}|{escaped(one.text)}>" for one in links(message))
    if found and len(found) <= SECTION:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": found}})
    blocks.append({"type": "context", "elements": [_plain(context(message), HEADER * 2)]})
    return blocks


def _parts(lines: Sequence[str], glue: str) -> list[str]:
    """Lines joined to sections that are not too long when escaped."""
    parts: list[str] = []
    for line in lines:
        longer = f"{parts[-1]}{glue}{line}" if parts else line
        if parts and len(escaped(longer)) <= SECTION:
            parts[-1] = longer
        else:
            parts.append(line)
    return parts


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _clip(text, most), "emoji": False}


def _clip(text: str, most: int) -> str:
    """Escaped, in at most `most` characters, no escape torn."""
    room = most
    while len(escaped(clipped(text, room))) > most:
        room -= max(1, (len(escaped(clipped(text, room))) - most) // 5)
    return escaped(clipped(text, room))


def escaped(text: str) -> str:
    """`&`, `<` and `>` as Slack wants them, so that nothing is a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

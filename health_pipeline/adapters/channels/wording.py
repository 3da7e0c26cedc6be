"""A message in words: the pieces that every channel shows, plain text, nothing escaped yet.

Each channel takes these pieces, escapes them in its own way and keeps its own limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from health_pipeline.adapters.channels.plain import clipped, isolated, lines_of, plain
from health_pipeline.core.schemas.messages import Link, Message, MessageAlert
from health_pipeline.core.schemas.words import score_words

NAME = 80
"""Characters of a customer's name that are shown."""

SENTENCE = 500
REPEAT = "Possible repeat: "
FAULT = "The figures may be the fault of the data: check the source before you act."


@dataclass(frozen=True, slots=True)
class Told:
    """What fits of the alerts of a message.

    Attributes:
        lines: of the alerts, the most important first.
        left_out: alerts of which there is no line.
        named_only: the lines are names and no more.
    """

    lines: tuple[str, ...]
    left_out: int = 0
    named_only: bool = False

    @property
    def rest(self) -> str:
        """Words for what was left out; empty when nothing was."""
        return f"… and {self.left_out:,} more" if self.left_out else ""


def headline(message: Message, *, again: bool = False) -> str:
    """The title in one line; `again`: an earlier attempt may have arrived."""
    return (REPEAT if again else "") + (plain(message.title) or message.kind)


def label(message: Message) -> str:
    """How urgent it is, in one word."""
    return "RESOLVED" if message.action == "resolve" else message.severity.upper()


def text_lines(message: Message) -> list[str]:
    """The message's own text, and a warning where the data may be wrong."""
    return [*lines_of(message.text), *([FAULT] if message.possible_data_fault else [])]


def name(alert: MessageAlert) -> str:
    """The account, harmless and not too long."""
    return isolated(clipped(plain(alert.account) or alert.account_id, NAME))


def change(alert: MessageAlert) -> str:
    """`signal healthy → risk`, as far as it is known."""
    states = " → ".join(one for one in (alert.from_state, alert.to_state) if one)
    return " ".join(one for one in (alert.signal, states) if one)


def figures(alert: MessageAlert) -> str:
    """`score 43.2 (red), ARR 120,000`, as far as they are known."""
    tier = f" ({alert.tier})" if alert.tier else ""
    parts = [
        f"score {score_words(alert.score)}{tier}" if alert.score is not None else alert.tier or "",
        f"ARR {alert.arr:,.0f}" if alert.arr is not None else "",
        f"reason {alert.reason_code}" if alert.reason_code else "",
    ]
    return ", ".join(part for part in parts if part)


def play(alert: MessageAlert) -> str:
    """`Seat recovery, ann@us.example, due 2026-03-12`; empty without a play."""
    if not alert.play:
        return ""
    due = f"due {alert.play_due:%Y-%m-%d}" if alert.play_due else ""
    parts = (plain(alert.play), alert.owner_email or "nobody owns it", due)
    return ", ".join(part for part in parts if part)


def detailed(alert: MessageAlert) -> str:
    """Some lines about one alert."""
    todo = play(alert)
    parts = [
        f"{name(alert)}: {change(alert)}" if change(alert) else name(alert),
        clipped(plain(alert.sentence), SENTENCE),
        figures(alert),
        f"Play: {todo}" if todo else "",
    ]
    return "\n  ".join(part for part in parts if part)


def short(alert: MessageAlert) -> str:
    """One line about one alert."""
    parts = (name(alert), change(alert), figures(alert), play(alert))
    return " · ".join(part for part in parts if part)


def told(
    alerts: Sequence[MessageAlert],
    fits: Callable[[Sequence[str]], bool],
    most_detailed: int = 10,
) -> Told:
    """As much about the alerts as fits: all in detail, all in short, all by name, or the first.

    Args:
        alerts: the most important first.
        fits: whether lines of the alerts leave the message within the channel's limits; what fits
            must fit with a line less.
        most_detailed: more alerts than these are never told in detail.
    """
    writers = [short, name] if len(alerts) > most_detailed else [detailed, short, name]
    lines: list[str] = []
    for write in writers:
        lines = [write(alert) for alert in alerts]
        if fits(lines):
            return Told(tuple(lines), named_only=write is name and len(lines) > 1)
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(lines[:middle]) else (low, middle)
    return Told(tuple(lines[:low]), len(lines) - low, named_only=True)


def links(message: Message) -> list[Link]:
    """The links that are addresses of the web, harmless."""
    return [
        Link(text=clipped(plain(one.text) or "link", NAME), href=_quoted(one.href))
        for one in message.links
        if one.href.startswith(("https://", "http://"))
    ]


def context(message: Message) -> str:
    """Who is told by which route, when it happened, and where to look it up."""
    parts = (
        plain(message.recipient),
        f"route {plain(message.route)}",
        when(message.opened_at, message.timezone),
        f"runbook {message.runbook}" if message.runbook else "",
    )
    return " · ".join(part for part in parts if part)


def when(moment: datetime, timezone: str) -> str:
    """`2026-03-11 07:00 Europe/Berlin`; UTC where there is no such zone."""
    try:
        zone: ZoneInfo | None = ZoneInfo(timezone) if timezone != "UTC" else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = None
    return f"{moment.astimezone(zone or UTC):%Y-%m-%d %H:%M} {timezone if zone else 'UTC'}"


def body(message: Message, most: int | None = None) -> str:
    """The whole message as plain lines without its headline, in at most `most` characters."""

    def whole(lines: Sequence[str]) -> str:
        return _joined(message, Told(tuple(lines), len(message.alerts) - len(lines)))

    fitting = told(message.alerts, lambda lines: most is None or len(whole(lines)) <= most)
    written = _joined(message, fitting)
    return written if most is None else clipped(written, most)


def text(message: Message, *, again: bool = False) -> str:
    """The whole message as plain lines: label and headline, then the rest."""
    first = f"{label(message)}  {headline(message, again=again)}"
    return "\n".join(part for part in (first, body(message)) if part)


def _joined(message: Message, fitting: Told) -> str:
    parts = [
        "\n".join(text_lines(message)),
        "\n".join((*fitting.lines, *([fitting.rest] if fitting.rest else []))),
        "\n".join(f"{link.text}: {link.href}" for link in links(message)),
        context(message),
    ]
    return "\n".join(part for part in parts if part)


_ENDS = frozenset("|<>\"'\\`()")


def _quoted(href: str) -> str:
    """Without what ends a link in the markup of any channel: such signs, blanks of any kind."""
    return "".join(quote(one) if one.isspace() or one in _ENDS else one for one in plain(href))

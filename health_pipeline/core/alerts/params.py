"""The resolved alert rules (alerts.yaml)."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from health_pipeline.core.alerts.routes import DEFAULT_ROUTES, Match, Route
from health_pipeline.core.schemas.base import Frozen


class Gates(Frozen):
    """When so much changes on one day that data are to be doubted first (R92).

    Attributes:
        least, share, history_days, roots: the breaker of a driver trips above
            max(least, share × accounts, median + roots × √(median + 1)) changes into risk, or into
            unknown, on one day; the median is that of the days before.
        volume_drop: share of the accounts that usually speak on this weekday whose silence is an
            outage, if it is also more than roots × √(usual + 1) of them.
        join_days: so long further changes by one source of a group's accounts join the group,
            while it lasts: a window of a month falls weeks after that of a day.
        echo_days: so long after an outage, or a possible data fault, drivers of its accounts are
            not believed: windows of a week have to fill again.
        calm_share: a group alert is over when at most this share of its accounts is still so.
    """

    least: int = Field(default=20, ge=1)
    share: float = Field(default=0.01, gt=0, le=1)
    history_days: int = Field(default=28, ge=7)
    roots: float = Field(default=6.0, gt=0)
    volume_drop: float = Field(default=0.075, gt=0, le=1)
    join_days: int = Field(default=30, ge=0)
    echo_days: int = Field(default=10, ge=0)
    calm_share: float = Field(default=0.5, ge=0, lt=1)


class QuietHours(Frozen):
    """Hours of the recipient's day in which nothing that can wait is sent; `end` is not quiet."""

    start: int = Field(default=20, ge=0, le=23)
    end: int = Field(default=7, ge=0, le=23)
    weekends: bool = True


class Person(Frozen):
    """One of us.

    Attributes:
        time_zone: IANA name; none = that of everybody, and no quiet hours.
        manager: e-mail address of who is told in place of somebody deactivated.
        deactivated: works here no more.
    """

    time_zone: str | None = None
    manager: str | None = None
    deactivated: bool = False


class Inhibition(Frozen):
    """While an alert that `source` takes is in force, what `target` takes is not told.

    `equal`: fields that must be the same on both.
    """

    source: Match
    target: Match
    equal: tuple[str, ...] = ("account",)


DEFAULT_INHIBIT = (
    Inhibition(
        source=Match(signal=("cancellation_notice",)),
        target=Match(kind=("driver", "driver_reopened")),
    ),
)
"""Who has given notice has one thing to talk about."""


class Silence(Frozen):
    """What `match` takes is not told from `since` to `until`, both included."""

    match: Match
    author: str = Field(min_length=1)
    why: str = Field(min_length=1)
    until: date
    since: date | None = None


class Heartbeat(Frozen):
    """A sign of life every so many minutes: who does not get it knows that nobody is watching."""

    channel: str
    every_minutes: int = Field(default=60, ge=5, le=1440)


class AlertRules(Frozen):
    """When a driver changes state, and which changes are told (R92).

    Attributes:
        healthy_from, watch_from: subscores at which a driver is healthy (80) and watch (60).
        band: points past a border before a driver leaves its state.
        confirm_days: distinct days of data that a continuous driver needs on the new side.
        reopen_days: a reopening within these days joins the same episode.
        max_age_hours: only transitions of the latest day, not older than this, are told.
        notify: (from, to) pairs are told when `to` is one of these states.
        tell_red: whether the fall of an account to Red is told.
        channels: names of `adapters/channels` in delivery.yaml that receive them.
        gates: see `Gates`. routes: see `Route`.
        inhibit, silences: what is not told, and why.
        people: e-mail address → person. time_zone: of everybody else.
        manager, data_owner, on_call: addresses for who is told where nobody else is named.
        digest_hour: hour of the recipient's day. quiet_hours: see `QuietHours`; none = never.
        heartbeat: see `Heartbeat`; none = no sign of life.
        report_url, run_url: addresses with {account_id} and {run_id}; none = no link.

    What decides of states counts for the version of the model; who is told of them does not.
    """

    healthy_from: float = Field(default=80.0, ge=0, le=100)
    watch_from: float = Field(default=60.0, ge=0, le=100)
    band: float = Field(default=8.0, ge=0, le=50)
    confirm_days: int = Field(default=2, ge=1)
    reopen_days: int = Field(default=7, ge=0)
    max_age_hours: int = Field(default=36, ge=1, exclude=True)
    notify: tuple[str, ...] = Field(default=("risk",), exclude=True)
    channels: tuple[str, ...] = Field(default=("console",), exclude=True)
    tell_red: bool = Field(default=True, exclude=True)
    gates: Gates = Field(default=Gates(), exclude=True)
    routes: tuple[Route, ...] = Field(default=DEFAULT_ROUTES, exclude=True)
    inhibit: tuple[Inhibition, ...] = Field(default=DEFAULT_INHIBIT, exclude=True)
    silences: tuple[Silence, ...] = Field(default=(), exclude=True)
    people: dict[str, Person] = Field(default={}, exclude=True)
    time_zone: str | None = Field(default=None, exclude=True)
    manager: str | None = Field(default=None, exclude=True)
    data_owner: str | None = Field(default=None, exclude=True)
    on_call: tuple[str, ...] = Field(default=(), exclude=True)
    digest_hour: int = Field(default=8, ge=0, le=23, exclude=True)
    quiet_hours: QuietHours | None = Field(default=QuietHours(), exclude=True)
    heartbeat: Heartbeat | None = Field(default=None, exclude=True)
    report_url: str | None = Field(default=None, exclude=True)
    run_url: str | None = Field(default=None, exclude=True)

    def all_channels(self) -> tuple[str, ...]:
        """Every channel that is named anywhere, each once."""
        beat = (self.heartbeat.channel,) if self.heartbeat else ()
        return tuple(dict.fromkeys((*self.channels, *_channels(self.routes), *beat)))


def _channels(routes: tuple[Route, ...]) -> tuple[str, ...]:
    return tuple(name for route in routes for name in (*route.channels, *_channels(route.routes)))

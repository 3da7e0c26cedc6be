"""Rules of the routing tree, the silences and the people of alerts.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from health_pipeline.config.checks.names import is_zone, listed, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.matched import known_values
from health_pipeline.core.alerts.recipients import UNOWNED, recipient
from health_pipeline.core.alerts.routes import LISTS, Match, Route

FILE = "alerts"


def route_channels(draft: Draft) -> Iterator[Issue]:
    """Every route leads to a channel of delivery.yaml."""
    alerts, known = draft.alerts, draft.names("delivery", "channels")
    for path, route, above in _routes(draft):
        for n, name in enumerate(route.channels):
            yield from unknown(draft, FILE, (*path, "channels", n), name, known, "channel")
        if not (route.channels or above or alerts.channels):
            words = "leads nowhere: neither it nor `channels` names a channel"
            yield draft.issue(FILE, (*path, "name"), words, listed(known))
    if alerts.heartbeat is not None:
        path = ("heartbeat", "channel")
        yield from unknown(draft, FILE, path, alerts.heartbeat.channel, known, "channel")


def routes_end(draft: Draft) -> Iterator[Issue]:
    """The last route takes everything, so that nothing is told to nobody."""
    routes = draft.alerts.routes
    if not routes or not routes[-1].match.is_open():
        path: Path = ("routes", len(routes) - 1) if routes else ("routes",)
        words = "what no route takes is told to nobody"
        yield draft.issue(FILE, path, words, "a last route without `match`")
    for n, route in enumerate(routes[:-1]):
        if route.match.is_open() and not route.go_on:
            words = "takes everything: no route after it is ever asked"
            yield draft.issue(FILE, ("routes", n), words, "such a route at the end")


def matchers(draft: Draft) -> Iterator[Issue]:
    """A value that never occurs is a slip of the pen: the matcher is kept, and warned of."""
    codes = {name: one.reason_code for name, one in draft.good_signals.items()}
    known = known_values(draft.segments, draft.scoring, codes)
    for path, match in _matches(draft):
        for field in LISTS:
            for n, value in enumerate(getattr(match, field) if field in known else ()):
                if value not in known[field]:
                    where = (*path, field, n)
                    words = f"matches nothing: no {field} of this name"
                    found = draft.issue(FILE, where, words, listed(known[field]))
                    yield replace(found, severity="warning")


def whole_matches(draft: Draft) -> Iterator[Issue]:
    """What holds back names what it holds back: everything would be nobody's alarm."""
    for path, match in _matches(draft):
        if path[0] != "routes" and match.is_open():
            yield draft.issue(FILE, path, "matches every alert", listed(Match.model_fields))


def inhibitions(draft: Draft) -> Iterator[Issue]:
    """What must be the same on both is a field that alerts have."""
    for n, rule in enumerate(draft.alerts.inhibit):
        for m, name in enumerate(rule.equal):
            yield from unknown(draft, FILE, ("inhibit", n, "equal", m), name, LISTS, "field")


def silences(draft: Draft) -> Iterator[Issue]:
    """A silence ends after it has begun."""
    for n, one in enumerate(draft.alerts.silences):
        if one.since is not None and one.until < one.since:
            yield draft.issue(FILE, ("silences", n, "until"), f"before {one.since}, its begin")


def time_zones(draft: Draft) -> Iterator[Issue]:
    """Time zones are names of the IANA database."""
    alerts = draft.alerts
    zones: list[tuple[Path, str | None]] = [(("time_zone",), alerts.time_zone)]
    zones += [(("people", name, "time_zone"), one.time_zone) for name, one in alerts.people.items()]
    for path, zone in zones:
        if zone is not None and not is_zone(zone):
            yield draft.issue(FILE, path, "no such time zone", "such as Europe/Berlin")


def managers(draft: Draft) -> Iterator[Issue]:
    """Nobody manages themselves, and who is gone has somebody in their place who is there."""
    for name, one in draft.alerts.people.items():
        if one.manager == name:
            yield draft.issue(FILE, ("people", name, "manager"), "manages themselves")
        if one.deactivated and recipient("owner", name, None, draft.alerts).name == UNOWNED:
            words = "deactivated, and nobody who is there is told instead"
            yield draft.issue(FILE, ("people", name), words, "`manager` here, or of alerts.yaml")


def quiet_hours(draft: Draft) -> Iterator[Issue]:
    """Quiet hours end at another hour than they begin."""
    quiet = draft.alerts.quiet_hours
    if quiet is not None and quiet.start == quiet.end:
        yield draft.issue(FILE, ("quiet_hours",), "begin and end at the same hour")


def addresses(draft: Draft) -> Iterator[Issue]:
    """Addresses of reports and runs name what they are about."""
    pairs = (("report_url", "{account_id}"), ("run_url", "{run_id}"))
    for key, place in pairs:
        url = getattr(draft.alerts, key)
        if url is not None and (place not in url or not url.startswith(("http://", "https://"))):
            yield draft.issue(FILE, (key,), "no address of this kind", f"https://… with {place}")


def _routes(draft: Draft) -> Iterator[tuple[Path, Route, bool]]:
    """Every branch with its place, and whether a branch above it names channels."""
    yield from _below(draft.alerts.routes, ("routes",), named=False)


def _below(
    routes: tuple[Route, ...], path: Path, *, named: bool
) -> Iterator[tuple[Path, Route, bool]]:
    for n, route in enumerate(routes):
        yield (*path, n), route, named
        children = (*path, n, "routes")
        yield from _below(route.routes, children, named=named or bool(route.channels))


def _matches(draft: Draft) -> Iterator[tuple[Path, Match]]:
    """Every matcher that the file itself holds, with its place."""
    written = draft.alerts.model_fields_set
    if "routes" in written:
        yield from (((*path, "match"), route.match) for path, route, _ in _routes(draft))
    for n, rule in enumerate(draft.alerts.inhibit if "inhibit" in written else ()):
        yield ("inhibit", n, "source"), rule.source
        yield ("inhibit", n, "target"), rule.target
    for n, one in enumerate(draft.alerts.silences):
        yield ("silences", n, "match"), one.match

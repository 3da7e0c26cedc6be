"""Rules of alerts.yaml and delivery.yaml."""

from __future__ import annotations

from collections.abc import Iterator

from health_pipeline.adapters.addresses import pattern_problem
from health_pipeline.adapters.channels.kind import kinds
from health_pipeline.config.checks.names import listed, unknown
from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.matched import STATES
from health_pipeline.config.validate import parse

HOSTS = "a host name, *.domain, an IP address or a network such as 10.0.0.0/8"
RECORD_TYPES = ("account", "renewal", "opportunity")


def driver_borders(draft: Draft) -> Iterator[Issue]:
    """A driver is healthy above the border from which it is watched."""
    alerts = draft.alerts
    if alerts.watch_from >= alerts.healthy_from:
        words = f"not below healthy_from ({alerts.healthy_from:g})"
        yield draft.issue("alerts", ("watch_from",), words, f"below {alerts.healthy_from:g}")


def told_states(draft: Draft) -> Iterator[Issue]:
    """Alerts tell of states that a driver can have."""
    for n, state in enumerate(draft.alerts.notify):
        yield from unknown(draft, "alerts", ("notify", n), state, STATES, "driver state")


def alert_channels(draft: Draft) -> Iterator[Issue]:
    """Alerts go to channels of delivery.yaml."""
    known = draft.names("delivery", "channels")
    for n, name in enumerate(draft.alerts.channels):
        yield from unknown(draft, "alerts", ("channels", n), name, known, "channel")


def channel_params(draft: Draft) -> Iterator[Issue]:
    """Each channel is of a kind that there is, and its block what the kind takes."""
    document = draft.document("delivery")
    for name, block in draft.delivery.channels.items():
        path = ("channels", name)
        kind = block.get("kind")
        if kind is None:
            yield draft.issue("delivery", (*path, "kind"), "missing", listed(kinds()))
        elif not isinstance(kind, str) or kind not in kinds():
            yield from unknown(draft, "delivery", (*path, "kind"), str(kind), list(kinds()), "kind")
        else:
            yield from parse(document, kinds()[kind].params, block, path)[1]


def channel_addresses(draft: Draft) -> Iterator[Issue]:
    """A channel that is reached by an address has one of them."""
    refused = {path[:2] for path in draft.document("delivery").refused}
    for name, block in draft.delivery.channels.items():
        kind = kinds().get(str(block.get("kind")))
        if kind is None or ("channels", name) in refused:
            continue
        if "url_file" not in kind.params.model_fields:
            continue
        given = [key for key in ("url_env", "url_file") if block.get(key) is not None]
        if len(given) != 1:
            words = "two addresses" if given else "no address"
            yield draft.issue("delivery", ("channels", name), words, "one of url_env, url_file")


def allowed_hosts(draft: Draft) -> Iterator[Issue]:
    """Hosts are names, `*.` with a domain, IP addresses or networks."""
    lists: list[tuple[Path, object]] = [(("allow_hosts",), draft.delivery.allow_hosts)]
    lists += [
        (("channels", name, "allow_hosts"), block.get("allow_hosts"))
        for name, block in draft.delivery.channels.items()
    ]
    for path, hosts in lists:
        for n, host in enumerate(hosts if isinstance(hosts, list | tuple) else ()):
            problem = pattern_problem(host) if isinstance(host, str) else None
            if problem:
                yield draft.issue("delivery", (*path, n), problem, HOSTS)


def record_types(draft: Draft) -> Iterator[Issue]:
    """Health fields stand on records of the contract (R93)."""
    for n, kind in enumerate(draft.delivery.crm.record_types):
        path = ("crm", "record_types", n)
        yield from unknown(draft, "delivery", path, kind, RECORD_TYPES, "record type")

"""The resolved channels (delivery.yaml): where messages go, never the secrets themselves."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from health_pipeline.core.schemas.base import Frozen


class ChannelParams(Frozen):
    """What every channel has; a kind's `Params` adds its own keys.

    Attributes:
        kind: name of its file in `kinds/`.
        timeout_seconds: deadline of one attempt as a whole.
        per_second: how many messages it is sent a second, at most.
        allow_hosts: hosts that this channel may reach, beside those of the whole file.
    """

    kind: str
    timeout_seconds: float = Field(default=15.0, gt=0, le=120)
    per_second: float = Field(default=4.0, gt=0, le=10_000)
    allow_hosts: tuple[str, ...] = ()


class DeliveryConfig(Frozen):
    """All channels by name, and the hosts that any of them may reach."""

    channels: dict[str, SerializeAsAny[ChannelParams]] = {}
    allow_hosts: tuple[str, ...] = ()

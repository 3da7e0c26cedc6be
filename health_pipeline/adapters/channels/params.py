"""The resolved delivery channels (delivery.yaml): where alerts go, never the secrets themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class ChannelConfig(Frozen):
    """One place that receives alerts.

    Attributes:
        kind: file of `adapters/channels/` that speaks to it.
        url_env, url_file: environment variable, or file, that holds the address (webhook: one of
            the two).
        secret_env: environment variable that holds the signing secret; null = unsigned.
        timeout_seconds: of one attempt.
    """

    kind: Literal["console", "webhook"]
    url_env: str | None = None
    url_file: str | None = None
    secret_env: str | None = None
    timeout_seconds: float = Field(default=15.0, gt=0)


class DeliveryConfig(Frozen):
    """All channels by name."""

    channels: dict[str, ChannelConfig] = {}

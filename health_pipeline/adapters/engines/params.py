"""The resolved engine block of sources.yaml: where event-scale SQL is executed."""

from __future__ import annotations

from pydantic import Field

from health_pipeline.core.schemas.base import Frozen


class SparkConfig(Frozen):
    """The Spark that `engine: spark` works on; config checks that it has exactly one address.

    Attributes:
        remote: a Spark Connect server, `sc://HOST:PORT`, without a token.
        remote_env: environment variable that holds such an address, token included.
        master: a cluster that this process drives itself: `spark://HOST:PORT`, `yarn`, `k8s://…`,
            `local[N]`; needs Java here.
        lake: where the workers see the lake, such as `s3a://bucket/lake`; null = where the run
            sees it.
        settings: Spark's own settings by name, none of them secret.
        wait_seconds: how long the cluster may take until it has answered a first small question.
    """

    remote: str | None = None
    remote_env: str | None = None
    master: str | None = None
    lake: str | None = None
    settings: dict[str, str | int | float | bool] = {}
    wait_seconds: float = Field(default=60.0, gt=0)

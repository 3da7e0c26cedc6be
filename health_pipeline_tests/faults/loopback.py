"""A receiver on this machine that takes anything, records every request, misbehaves on a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from health_pipeline_tests.faults.servers.scripted import Anything, Fault, Server, serving

Step = Fault
OK = Step()


@contextmanager
def loopback(script: Iterable[Step] = (), otherwise: Step = OK) -> Iterator[Server]:
    """A running receiver that plays `script`, one step a request, and `otherwise` after it."""
    with serving(Anything(), script, otherwise, path="/hook") as server:
        yield server

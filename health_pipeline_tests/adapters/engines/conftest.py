"""Events rolled up as they are told."""

from __future__ import annotations

import pytest

from health_pipeline_tests.adapters.engines.landed import landed, rolled_up


@pytest.fixture
def run(tmp_path):
    """The roll-up of `events`, dealt out to so many `files`."""

    def run(*events, files=1, **asked):
        paths = [tmp_path / f"{n}.parquet" for n in range(files)]
        for n, path in enumerate(paths):
            landed(events[n::files]).write_parquet(path)
        return rolled_up(paths, **asked)

    return run

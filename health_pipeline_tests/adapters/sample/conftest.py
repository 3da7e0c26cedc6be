"""Two worlds: a small one that most tests share, and the default one."""

from __future__ import annotations

from datetime import date

import pytest

from health_pipeline.adapters.sample import World, generate

END = date(2025, 4, 30)


@pytest.fixture(scope="session")
def small() -> World:
    return generate(END, accounts=30, months=4)


@pytest.fixture(scope="session")
def default() -> World:
    return generate(date(2025, 6, 30))

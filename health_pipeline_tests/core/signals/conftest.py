"""Failures of the shared case test are told in full."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("health_pipeline_tests.core.signals.worlds")

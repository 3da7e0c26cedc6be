"""`python -m health_pipeline_tests.fairness` prints the table of docs/segments.md."""

from __future__ import annotations

import sys

from health_pipeline_tests.fairness.table import ACCOUNTS_A_PLAN, SEED, every_way, markdown

sys.stdout.write(markdown(every_way(SEED, ACCOUNTS_A_PLAN)) + "\n")

"""The tables that users read, by name."""

from __future__ import annotations

from health_pipeline.core.schemas.promised.actions import ACTIONS
from health_pipeline.core.schemas.promised.health import HEALTH
from health_pipeline.core.schemas.promised.identity import IDENTITY
from health_pipeline.core.schemas.promised.learning import LEARNING
from health_pipeline.core.schemas.promised.table import ResultTable
from health_pipeline.core.schemas.promised.telling import CRM_FIELDS, TELLING

__all__ = ["CRM_FIELDS", "RESULT_TABLES", "ResultTable"]

RESULT_TABLES: dict[str, ResultTable] = {
    table.name: table for table in (*IDENTITY, *HEALTH, *ACTIONS, *TELLING, *LEARNING)
}
"""Promised tables by name. Columns beyond contracts.md stand after the promised ones."""

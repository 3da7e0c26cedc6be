"""The front door for Dagster: load the model, assemble the definitions."""

from health_pipeline.config.loader import load_model
from health_pipeline.config.settings import load_settings
from health_pipeline.orchestration.definitions import build_definitions
from health_pipeline.orchestration.house import House

_settings = load_settings()

defs = build_definitions(House(_settings, load_model(_settings.model)))

"""health-pipeline: customer health scores that explain themselves, as Dagster assets."""

__version__ = "0.1.0"

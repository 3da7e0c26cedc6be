"""The only floor that knows Dagster: assets, checks, jobs, schedules, sensors, resources."""

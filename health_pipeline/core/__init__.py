"""The method: pure functions from frames to frames.

Belongs here: formulas and their frozen parameters. Does not: files, networks, clocks, Dagster.
Stages know `core.schemas` and never each other; their order exists only in the asset graph.
"""

"""The front door of the shell: `health …`.

Belongs here: arguments, exit codes, how results look on a terminal. Does not: any computation.
"""

from health_pipeline.cli.app import main

__all__ = ["main"]

"""health-pipeline: customer health scores that explain themselves, as Dagster assets."""

import os

__version__ = "0.1.0"

# A day of many accounts frees memory and takes it again all the time, and every page that comes
# anew costs. polars' allocator gives it back after half a second; kept for five, a day of scores
# takes a tenth less CPU for 0.1 GiB (ADR 0031). Read when polars is loaded: hence here.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:5000")

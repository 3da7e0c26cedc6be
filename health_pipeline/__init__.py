"""health-pipeline: customer health scores that explain themselves, as Dagster assets."""

import os

__version__ = "0.1.0"

ALLOCATOR = "_RJEM_MALLOC_CONF"
OF_POLARS = "dirty_decay_ms:500,muzzy_decay_ms:1000"
"""What polars tells its allocator, and with it every process that is started after."""

# A day of many accounts frees memory and takes it again all the time, and every page that comes
# anew costs. polars' allocator gives it back after half a second, that of large columns at once,
# and keeps four pools for each core, none of which takes what another freed. Kept for twenty
# seconds in few pools, a day of scores takes less CPU, and less memory at its peak (ADR 0031).
# Read when polars is loaded: hence here.
if os.environ.get(ALLOCATOR, OF_POLARS) == OF_POLARS:
    pools = max(1, (os.cpu_count() or 1) // 2)
    os.environ[ALLOCATOR] = f"dirty_decay_ms:20000,oversize_threshold:0,narenas:{pools}"

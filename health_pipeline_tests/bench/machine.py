"""On what the figures were taken."""

from __future__ import annotations

import os
import platform
from datetime import date
from importlib.metadata import distributions, version
from pathlib import Path

LIBRARIES = ("dagster", "duckdb", "polars", "pyarrow", "pandera", "numpy")

APART = {"pandas": "bench", "pyspark": "spark"}
"""Libraries that `make` puts into folders of their own below .venv."""

VENV = Path(__file__).parents[2] / ".venv"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def facts() -> dict[str, str]:
    """What to know of this machine to read the figures."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "Date": date.today().isoformat(),
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{memory:.0f} GB",
        "System": platform.system(),
        "Load before the start": f"{os.getloadavg()[0]:.1f} runnable processes",
        "Python": platform.python_version(),
        "Libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "Beside them": ", ".join(_apart()) or "nothing",
    }


def _apart() -> list[str]:
    return [
        f"{name} {found.version}"
        for name, folder in APART.items()
        for found in distributions(name=name, path=[str(VENV / folder)])
    ]

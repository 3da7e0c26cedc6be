"""Where one world lives: its sources, its lake, its control.db, its views.

Two worlds never touch: whoever names another lake gets a control.db and a health.duckdb of its
own, unless these are named too; and a control.db refuses a lake that is not its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LAKE = Path("data/lake")


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved places; `model` None means the packaged default."""

    model: Path | None
    sources: Path
    lake: Path
    control_db: Path
    duckdb: Path


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    model: Path | None = None,
    sources: Path | None = None,
    lake: Path | None = None,
) -> Settings:
    """Arguments win over `HEALTH_MODEL`, `HEALTH_SOURCES`, `HEALTH_LAKE`, these over `data/`.

    Without `HEALTH_CONTROL_DB` and `HEALTH_DUCKDB` both stand beside a lake that is called `lake`
    (data/lake → data/control.db), and inside one of any other name.
    """
    env = os.environ if environment is None else environment

    def named(key: str) -> Path | None:
        return Path(env[key]).expanduser() if env.get(key) else None

    home = lake or named("HEALTH_LAKE") or DEFAULT_LAKE
    beside = home.parent if home.name == DEFAULT_LAKE.name else home
    return Settings(
        model=model or named("HEALTH_MODEL"),
        sources=sources or named("HEALTH_SOURCES") or Path("data/sample"),
        lake=home,
        control_db=named("HEALTH_CONTROL_DB") or beside / "control.db",
        duckdb=named("HEALTH_DUCKDB") or beside / "health.duckdb",
    )

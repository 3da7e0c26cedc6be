"""Where one world lives: its sources, its lake, its control.db, its views, its report.

Two worlds never touch: whoever names another lake gets a control.db, a health.duckdb and a report
of its own, unless these are named too; and a control.db refuses a lake that is not its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from health_pipeline.adapters.objects import Place, Url, as_place

DEFAULT_LAKE = Path("data/lake")


class SettingsError(ValueError):
    """A place that cannot be used; the message names the setting and what would be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved places; `model` None means the packaged default.

    Sources and lake may lie in object storage, everything else is local. `cache` keeps copies of
    what was fetched from there; `report` is the page.
    """

    model: Path | None
    sources: Place
    lake: Place
    control_db: Path
    duckdb: Path
    report: Path
    cache: Path


def load_settings(
    environment: Mapping[str, str] | None = None,
    *,
    model: Path | None = None,
    sources: str | Path | None = None,
    lake: str | Path | None = None,
) -> Settings:
    """Arguments win over `HEALTH_MODEL`, `HEALTH_SOURCES`, `HEALTH_LAKE`, these over `data/`.

    Without `HEALTH_CONTROL_DB`, `HEALTH_DUCKDB` and `HEALTH_REPORT` these stand beside a lake that
    is called `lake` (data/lake → data/control.db), and inside one of any other name; of a lake in
    object storage, where they would be for data/lake. `HEALTH_CACHE` is by default that lake's name
    with `.cache`.

    Raises:
        SettingsError: a setting holds a URL where only a local path will do, or a password.
    """
    env = os.environ if environment is None else environment
    found_lake = _place(lake or env.get("HEALTH_LAKE") or DEFAULT_LAKE, "the lake")
    home = DEFAULT_LAKE if isinstance(found_lake, Url) else found_lake
    beside = home.parent if home.name == DEFAULT_LAKE.name else home
    return Settings(
        model=model or _local(env, "HEALTH_MODEL"),
        sources=_place(sources or env.get("HEALTH_SOURCES") or "data/sample", "the sources"),
        lake=found_lake,
        control_db=_local(env, "HEALTH_CONTROL_DB") or beside / "control.db",
        duckdb=_local(env, "HEALTH_DUCKDB") or beside / "health.duckdb",
        report=_local(env, "HEALTH_REPORT") or beside / "report" / "index.html",
        cache=_local(env, "HEALTH_CACHE") or home.with_name(f"{home.name}.cache"),
    )


def _place(written: str | Path, what: str) -> Place:
    try:
        return as_place(written)
    except ValueError as error:
        raise SettingsError(f"{what}: {error}") from None


def _local(env: Mapping[str, str], key: str) -> Path | None:
    if not env.get(key):
        return None
    found = _place(env[key], key)
    if isinstance(found, Url):
        raise SettingsError(
            f"{key} is {found}: it must be a file or folder of this machine; only HEALTH_SOURCES "
            "and HEALTH_LAKE may lie in object storage"
        )
    return found

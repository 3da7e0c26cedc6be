"""The one resource: the resolved model, the places of this world, and its open stores."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from health_pipeline.adapters.objects import ObjectStore, Url
from health_pipeline.adapters.sources.remote import mirror
from health_pipeline.adapters.store.control import is_locked, locked, open_control
from health_pipeline.adapters.store.lake import Lake
from health_pipeline.adapters.store.owner import bind_lake
from health_pipeline.config.model import HealthModel
from health_pipeline.config.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Stores:
    """Open stores of one world; valid inside `House.open`."""

    settings: Settings
    model: HealthModel
    lake: Lake
    control: sqlite3.Connection

    def sources_folder(self) -> Path:
        """The sources as a local folder; those of object storage are brought up to date in it.

        Raises:
            ObjectError: object storage cannot be read.
            SettingsError: the folder is not there, as where a share is not mounted; a day without
                any source would look like a day without use.
        """
        place = self.settings.sources
        if isinstance(place, Url):
            return mirror(ObjectStore(place), self.settings.cache / "sources" / place.slug)
        if not place.is_dir():
            raise SettingsError(f"{place}: no such folder; mount it, or correct HEALTH_SOURCES")
        return place


@dataclass(frozen=True, slots=True)
class House:
    """Model and places, handed to every asset and sensor as the resource `house`."""

    settings: Settings
    model: HealthModel

    @contextmanager
    def open(self) -> Iterator[Stores]:
        """Open control.db and the lake, and close them again.

        Raises:
            ControlError: control.db is unusable, locked, or belongs to another lake.
        """
        place = self.settings.lake
        if isinstance(place, Url):
            root, store = self.settings.cache / "lake" / place.slug, ObjectStore(place)
        else:
            root, store = place, None
        root.mkdir(parents=True, exist_ok=True)
        control = open_control(self.settings.control_db)
        try:
            bind_lake(control, self.settings.control_db, self.settings.lake)
            lake = Lake(root, control, store)
            yield Stores(self.settings, self.model, lake, control)
        except sqlite3.OperationalError as error:
            if is_locked(error):
                raise locked(self.settings.control_db) from error
            raise
        finally:
            control.close()

    @staticmethod
    def now() -> datetime:
        """The wall clock, read here and nowhere below."""
        return datetime.now(UTC)

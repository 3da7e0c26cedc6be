"""The one resource: the resolved model, the places of this world, and its open stores."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from health_pipeline.adapters.store.control import bind_lake, open_control
from health_pipeline.adapters.store.lake import Lake
from health_pipeline.config.model import HealthModel
from health_pipeline.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Stores:
    """Open stores of one world; valid inside `House.open`."""

    settings: Settings
    model: HealthModel
    lake: Lake
    control: sqlite3.Connection


@dataclass(frozen=True, slots=True)
class House:
    """Model and places, handed to every asset and sensor as the resource `house`."""

    settings: Settings
    model: HealthModel

    @contextmanager
    def open(self) -> Iterator[Stores]:
        """Open control.db and the lake, and close them again.

        Raises:
            ControlError: control.db is unusable or belongs to another lake.
        """
        self.settings.lake.mkdir(parents=True, exist_ok=True)
        control = open_control(self.settings.control_db)
        try:
            bind_lake(control, self.settings.control_db, self.settings.lake)
            lake = Lake(self.settings.lake, control)
            yield Stores(self.settings, self.model, lake, control)
        finally:
            control.close()

    @staticmethod
    def now() -> datetime:
        """The wall clock, read here and nowhere below."""
        return datetime.now(UTC)

"""Options that several commands take, and what is read from them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from health_pipeline.cli.exits import BAD_MODEL_OR_ARGUMENT
from health_pipeline.cli.house import fail

LakeDir = Annotated[
    str | None, typer.Option("--lake", help="Results: a folder, or s3://… [HEALTH_LAKE].")
]
ModelDir = Annotated[Path | None, typer.Option("--model", help="Model folder [HEALTH_MODEL].")]
Author = Annotated[str | None, typer.Option("--by", help="Who does it; default: the OS user.")]


def date_of(text: str, option: str) -> date:
    """The day that an option names, or a clear end."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{option} {text}: not a date (write it as 2026-01-31)"
        raise fail(message, BAD_MODEL_OR_ARGUMENT) from None

"""Writing the page: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from health_pipeline.adapters.store.draft import Draft
from health_pipeline.adapters.store.files import Folder


def write_page(text: str, path: Path) -> int:
    """Make `text` the file `path` (temporary file, fsync, rename); returns its bytes.

    Whoever has the old page open keeps it; a process killed anywhere leaves the old or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Draft(path.parent)
    try:
        draft.write(text.encode())
        draft.keep(path)
    finally:
        draft.drop()
    Folder(path.parent).settle([path.name])
    return draft.size

"""Folders for what a process needs on disk while it runs; on the disk of the lake."""

import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from health_pipeline.orchestration.house import House

LEFT_BEHIND = timedelta(days=1)


def scratch(root: Path, prefix: str) -> TemporaryDirectory[str]:
    """A new folder below `root`; those of its `prefix` that killed runs left behind are removed."""
    for left in root.glob(f"{prefix}*"):
        if left.stat().st_mtime < (House.now() - LEFT_BEHIND).timestamp():
            shutil.rmtree(left, ignore_errors=True)
    return TemporaryDirectory(dir=root, prefix=prefix)

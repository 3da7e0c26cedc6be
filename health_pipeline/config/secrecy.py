"""Secrets never stand in a model: they are refused here, and never repeated in an issue."""

from __future__ import annotations

from typing import Any

from health_pipeline.adapters.channels.params import ChannelConfig
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.yaml_reader import Document

HIDDEN = "***"
_WORDS = ("url", "secret", "token", "password", "key", "headers")
_ALLOWED = "url_env, url_file or secret_env, which name where the secret is kept"
_NAME = "the name of an environment variable, such as HEALTH_WEBHOOK_URL"


def secrets(document: Document) -> list[Issue]:
    """Issues about literal secrets in delivery.yaml; their values are wiped from the document."""
    channels = document.data.get("channels")
    found: list[Issue] = []
    for name, block in (channels if isinstance(channels, dict) else {}).items():
        for key in block if isinstance(block, dict) else ():
            problem, allowed = _judged(key, block[key])
            if problem or key not in ChannelConfig.model_fields:
                block[key] = HIDDEN
            if problem:
                path: Path = ("channels", name, key)
                document.refused.add(path)
                found.append(document.issue(path, problem, allowed))
    return found


def _judged(key: str, value: Any) -> tuple[str, str]:
    """(problem, what is allowed) of one key of a channel; ("", "") when it holds no secret."""
    if key in ("url_env", "secret_env"):
        named = not isinstance(value, str) or value.isidentifier()
        return ("", "") if named else ("not the name of an environment variable", _NAME)
    if key == "url_file":
        is_url = isinstance(value, str) and "://" in value
        return ("an address in place of a file", "the path of a file") if is_url else ("", "")
    if key in _WORDS or key.rpartition("_")[2] in _WORDS:
        return "a secret must not stand in the model", _ALLOWED
    return "", ""

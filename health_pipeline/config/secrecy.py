"""Secrets never stand in a model: they are refused here, and never repeated in an issue."""

from __future__ import annotations

from typing import Any

from health_pipeline.adapters.channels.kind import kinds
from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.config.issue import Issue, Path
from health_pipeline.config.yaml_reader import Document

HIDDEN = "***"
_SECRET = "a secret must not stand in the model"  # noqa: S105 - the words that say so
_WORDS = ("url", "secret", "token", "password", "key", "headers")
_ALLOWED = "a key such as url_env, url_file or secret_env, which names where the secret is kept"
_NAME = "the name of an environment variable, such as HEALTH_WEBHOOK_URL"


_BY_CLUSTER = "the configuration of the cluster, which holds it already"
_BY_VARIABLE = "remote_env, the name of an environment variable that holds the address"


def secrets(document: Document) -> list[Issue]:
    """Issues about literal secrets in a file; their values are wiped from the document."""
    if document.file == "delivery.yaml":
        return _of_channels(document)
    return _of_spark(document) if document.file == "sources.yaml" else []


def _of_spark(document: Document) -> list[Issue]:
    spark = document.data.get("spark")
    block = spark if isinstance(spark, dict) else {}
    found: list[Issue] = []
    for key, value in block.items():
        if key not in SparkConfig.model_fields:
            block[key] = HIDDEN
        elif isinstance(value, str) and ("token=" in value.lower() or "@" in value):
            block[key] = f"{value.partition('://')[0]}://{HIDDEN}"
            found.append(_refused(document, ("spark", key), _BY_VARIABLE))
    given = block.get("settings")
    settings = given if isinstance(given, dict) else {}
    for name in settings:
        if name.lower().endswith(_WORDS):
            settings[name] = HIDDEN
            found.append(_refused(document, ("spark", "settings", name), _BY_CLUSTER))
    return found


def _refused(document: Document, path: Path, allowed: str) -> Issue:
    document.refused.add(path)
    return document.issue(path, _SECRET, allowed)


def _of_channels(document: Document) -> list[Issue]:
    channels = document.data.get("channels")
    known = {key for kind in kinds().values() for key in kind.params.model_fields}
    found: list[Issue] = []
    for name, block in (channels if isinstance(channels, dict) else {}).items():
        for key in block if isinstance(block, dict) else ():
            problem, allowed = _judged(key, block[key])
            if problem or key not in known:
                block[key] = HIDDEN
            if problem:
                path: Path = ("channels", name, key)
                document.refused.add(path)
                found.append(document.issue(path, problem, allowed))
    return found


def _judged(key: str, value: Any) -> tuple[str, str]:
    """(problem, what is allowed) of one key of a channel; ("", "") when it holds no secret."""
    if key.endswith("_env"):
        named = not isinstance(value, str) or value.isidentifier()
        return ("", "") if named else ("not the name of an environment variable", _NAME)
    if key.endswith("_file"):
        is_url = isinstance(value, str) and "://" in value
        return ("an address in place of a file", "the path of a file") if is_url else ("", "")
    if key in _WORDS or key.rpartition("_")[2] in _WORDS:
        return _SECRET, _ALLOWED
    return "", ""

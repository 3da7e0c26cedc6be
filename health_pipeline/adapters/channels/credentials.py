"""Addresses and secrets, read where the model says that they are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from health_pipeline.adapters.addresses import refusal
from health_pipeline.adapters.channels.params import ChannelParams


class NotConfiguredError(Exception):
    """The channel lacks what it needs; the message says what, and holds no secret."""


def variable(name: str, key: str, env: Mapping[str, str] | None = None) -> str:
    """The environment variable `name`, which the key `key` of delivery.yaml names.

    Raises:
        NotConfiguredError: it is not set, or empty.
    """
    value = (os.environ if env is None else env).get(name, "").strip()
    if not value:
        raise NotConfiguredError(f"environment variable {name} ({key}) is not set")
    return value


def address(config: ChannelParams, env: Mapping[str, str] | None = None) -> str:
    """The address that `url_env` or `url_file` of a channel holds, whichever keys it has.

    Raises:
        NotConfiguredError: there is none, or nothing may be sent to it.
    """
    url_env: str | None = getattr(config, "url_env", None)
    url = written_address(url_env, getattr(config, "url_file", None), env)
    refused = refusal(url, config.allow_hosts)
    if refused:
        raise NotConfiguredError(refused)
    return url


def written_address(
    url_env: str | None, url_file: str | None, env: Mapping[str, str] | None = None
) -> str:
    """The address as it is kept, unchecked.

    Raises:
        NotConfiguredError: there is none.
    """
    if url_env:
        return variable(url_env, "url_env", env)
    if not url_file:
        raise NotConfiguredError("no address: set url_env or url_file")
    try:
        return Path(url_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = type(error).__name__
        raise NotConfiguredError(f"url_file {url_file}: not readable ({why})") from error

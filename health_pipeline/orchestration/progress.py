"""How long work tells that it moves: whoever shows a bar listens, otherwise nothing happens."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Listener = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

T = TypeVar("T")
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of everything inside to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tracked(stage: str, items: Iterable[T], total: int) -> Iterator[T]:
    """`items`, reported one by one as progress of `stage`."""
    listener = _listener.get()
    for done, item in enumerate(items):
        if listener:
            listener(stage, done, total)
        yield item
    if listener:
        listener(stage, total, total)

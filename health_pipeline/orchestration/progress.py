"""How long work tells that it moves: whoever shows a bar listens, otherwise nothing happens."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is.

    Attributes:
        stage: its name.
        done, total: items (days, tables).
        about: what it is working on now ("2026-01-01 … 2026-01-31"), empty where nobody says.
    """

    stage: str
    done: int
    total: int
    about: str = ""


Listener = Callable[[Progress], None]

T = TypeVar("T")
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)
_span: ContextVar[Progress | None] = ContextVar("progress_span", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of everything inside to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(progress: Progress) -> None:
    """Tell whoever listens."""
    listener = _listener.get()
    if listener:
        listener(progress)


@contextmanager
def part_of(span: Progress) -> Iterator[None]:
    """What is tracked inside counts on from `span`, under its name and towards its total."""
    outer = _span.get()
    _span.set(span)
    report(span)
    try:
        yield
    finally:
        _span.set(outer)


def tracked(stage: str, items: Iterable[T], total: int) -> Iterator[T]:
    """`items`, reported one by one as progress of `stage`, or of the part of it that is on."""
    span = _span.get() or Progress(stage, 0, total)
    for item in items:
        report(span)
        yield item
        span = replace(span, done=span.done + 1)
    report(span)

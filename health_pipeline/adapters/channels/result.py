"""How one attempt to send went, and what an answer over HTTP means for the message."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime

from health_pipeline.adapters.http import Answer, retry_seconds

TOO_MANY = 429
GATEWAY = (502, 504)
"""Said by what stands before the receiver, which may have taken the message in all the same."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """How one attempt went.

    Attributes:
        ok: the receiver has taken the message.
        status_code: of HTTP or SMTP, null where there was no answer.
        retry_after: seconds that the receiver asked to wait.
        error: why it failed; never holds an address or a secret.
        final: no attempt will ever succeed.
        in_doubt: it failed, and the message may have arrived all the same.
        throttled: the receiver takes nothing of this channel for now; no fault of the message.
    """

    ok: bool
    status_code: int | None = None
    retry_after: float | None = None
    error: str | None = None
    final: bool = False
    in_doubt: bool = False
    throttled: bool = False


def judged(
    answer: Answer,
    now: datetime,
    final: Container[int] = (),
    taken: Callable[[Answer], bool] = lambda _: True,
) -> SendResult:
    """What an answer over HTTP means.

    Args:
        answer: of one POST.
        now: the time of the attempt, for a Retry-After that is a date.
        final: statuses after which no attempt will succeed.
        taken: whether a 2xx answer says that the message was taken.
    """
    status = answer.status
    if status is None:
        return SendResult(ok=False, error=answer.error, in_doubt=answer.in_doubt)
    if 200 <= status < 300:
        if taken(answer):
            return SendResult(ok=True, status_code=status)
        words = f"answered {status}, and the body does not say that it was taken"
        return SendResult(ok=False, status_code=status, error=words, in_doubt=True)
    return SendResult(
        ok=False,
        status_code=status,
        retry_after=retry_seconds(answer.retry_after, now),
        error=_failure(status),
        final=status in final,
        in_doubt=status in GATEWAY,
        throttled=status == TOO_MANY,
    )


def _failure(status: int) -> str:
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed"
    return "answered 410: the address is gone" if status == 410 else f"answered {status}"

"""An HTTP server that plays a provider, with a script of faults: one for each request."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; by default nothing does.

    status, headers, body: of the answer, in place of the provider's own; the request is then taken
    in only with a 2xx. drop: "before" it is taken in, or "after" it, the connection closes without
    an answer. wait: seconds before the answer. drip: the answer comes one byte in so many seconds,
    body_drip: only its body does. truncate: the answer announces more than it holds.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: str | None = None
    wait: float = 0.0
    drip: float = 0.0
    body_drip: float = 0.0
    body: bytes | None = None
    truncate: bool = False


NONE = Fault()
HTML_502 = Fault(502, {"Content-Type": "text/html"}, body=b"<html><h1>502 Bad Gateway</h1></html>")


@dataclass(frozen=True)
class Request:
    raw: bytes
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    status: int | None = None
    processed: bool = False

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Reply:
    """`taken`: the provider has made something of the request."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    taken: bool = True


class Provider(Protocol):
    def take(self, request: Request) -> Reply: ...


class Anything:
    """Takes whatever it is sent."""

    def take(self, request: Request) -> Reply:
        return Reply(200)


@dataclass
class Server:
    url: str
    requests: list[Request] = field(default_factory=list)

    @property
    def processed(self) -> list[Request]:
        """The requests that were taken in, whatever was answered."""
        return [request for request in self.requests if request.processed]

    @property
    def refused(self) -> list[Request]:
        return [request for request in self.requests if request.status == 429]


@dataclass
class _Play:
    """What the handlers of one server share."""

    provider: Provider
    steps: Iterator[Fault]
    otherwise: Fault
    found: Server
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    play: _Play

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        raw = self.raw_requestline + bytes(self.headers) + body
        names = {name.lower(): value for name, value in self.headers.items()}
        request = Request(raw, self.path, names, body, time.monotonic())
        with self.play.lock:
            fault = next(self.play.steps, self.play.otherwise)
            reply = self.replied(request, fault)
            status, taken = (reply.status, reply.taken) if reply else (None, False)
            kept = replace(request, status=status, processed=taken)
            self.play.found.requests.append(kept)
        if reply and fault.drop != "after":
            time.sleep(fault.wait)
            self.answer(reply, fault)
        self.close_connection = True

    def replied(self, request: Request, fault: Fault) -> Reply | None:
        if fault.drop == "before":
            return None
        own = fault.status is None or 200 <= fault.status < 300
        reply = self.play.provider.take(request) if own else Reply(0, taken=False)
        return Reply(
            fault.status or reply.status,
            reply.body if fault.body is None else fault.body,
            {**reply.headers, **fault.headers},
            reply.taken,
        )

    def answer(self, reply: Reply, fault: Fault) -> None:
        length = len(reply.body) + (100 if fault.truncate else 0)
        head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        text = f"HTTP/1.1 {reply.status} Scripted\r\nContent-Length: {length}\r\n{head}\r\n"
        try:
            self.write(text.encode(), fault.drip)
            self.write(reply.body, fault.drip or fault.body_drip)
        except OSError:
            return  # the sender has given up, or was killed

    def write(self, data: bytes, drip: float) -> None:
        pieces = [data[n : n + 1] for n in range(len(data))] if drip else [data]
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(drip)

    def log_message(self, *args: object) -> None:
        """Say nothing on the test's output."""


@contextmanager
def serving(
    provider: Provider,
    script: Iterable[Fault] = (),
    otherwise: Fault = NONE,
    path: str = "",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Server]:
    """A running server that plays `script`, one fault a request, and `otherwise` after it."""
    play = _Play(provider, iter(script), otherwise, Server(""))
    handler = type("Handler", (_Handler,), {"play": play})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # killed senders are meant
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    play.found.url = f"{scheme}://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield play.found
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()


class Limit:
    """So many requests a second, and some at once; what is more is refused."""

    def __init__(self, per_second: float, burst: float, retry_after: str | None) -> None:
        self.per_second, self.burst, self.retry_after = per_second, burst, retry_after
        self.tokens, self.at = burst, 0.0

    def refusal(self, request: Request) -> Reply | None:
        """The answer to a request that is too many; None for one that is not."""
        passed = request.at - self.at if self.at else 0.0
        self.tokens = min(self.burst, self.tokens + passed * self.per_second)
        self.at = request.at
        if self.tokens < 1.0:
            headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
            return Reply(429, b"rate_limited", headers, taken=False)
        self.tokens -= 1.0
        return None

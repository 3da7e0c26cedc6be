"""A receiver on this machine that records every request and misbehaves on a script."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Step:
    """What the receiver does with one request.

    status, headers: of its answer. drop: "before" reading the request as its own, or "after" it has
    taken it in, the connection closes without an answer. wait: seconds before it answers.
    drip: it sends its answer one byte in so many seconds.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: str | None = None
    wait: float = 0.0
    drip: float = 0.0


OK = Step()


@dataclass(frozen=True)
class Request:
    raw: bytes
    headers: dict[str, str]
    body: bytes
    processed: bool

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Loopback:
    url: str
    requests: list[Request] = field(default_factory=list)

    @property
    def processed(self) -> list[Request]:
        """The requests that the receiver has taken in, whatever it answered."""
        return [request for request in self.requests if request.processed]


@contextmanager
def loopback(script: Iterable[Step] = (), otherwise: Step = OK) -> Iterator[Loopback]:
    """A running receiver that plays `script`, one step a request, and `otherwise` after it."""
    steps, lock = iter(script), threading.Lock()
    receiver = Loopback("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with lock:
                step = next(steps, otherwise)
                receiver.requests.append(
                    Request(
                        self.raw_requestline + bytes(self.headers) + body,
                        {name.lower(): value for name, value in self.headers.items()},
                        body,
                        processed=step.drop != "before" and 200 <= step.status < 300,
                    )
                )
            time.sleep(step.wait)
            if not step.drop:
                self.answer(step)
            self.close_connection = True

        def answer(self, step: Step) -> None:
            head = "".join(f"{name}: {value}\r\n" for name, value in step.headers.items())
            text = f"HTTP/1.1 {step.status} Scripted\r\nContent-Length: 0\r\n{head}\r\n"
            try:
                for byte in text.encode() if step.drip else ():
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(step.drip)
                if not step.drip:
                    self.wfile.write(text.encode())
            except OSError:
                return  # the sender has given up, or was killed

        def log_message(self, *args: object) -> None:
            """Say nothing on the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # killed senders are meant
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.socket.close()

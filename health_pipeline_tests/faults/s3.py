"""A real S3 server on this machine, and a way to it that misbehaves."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # never look for credentials on the network
    "AWS_MAX_ATTEMPTS": "3",
}

DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@contextmanager
def moto_server() -> Iterator[str]:
    """moto's S3 over HTTP on a free port of 127.0.0.1; gives its URL."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def forget_connections() -> None:
    """fsspec keeps connections by their arguments; the endpoint comes from the environment."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


@dataclass
class Request:
    method: str
    path: str


@dataclass
class Proxy:
    """A running proxy: what it saw, and what it does with a request (None = pass it on).

    A fault answers by itself, through the handler that it is given, or does something and passes
    the request on by returning False.
    """

    url: str = ""
    fault: Callable[[Request, Any], bool] | None = None
    requests: list[Request] = field(default_factory=list)

    def count(self, method: str) -> int:
        return sum(request.method == method for request in self.requests)


def answer(handler: Any, status: int, body: bytes = b"", length: int | None = None) -> bool:
    """Answer a request in place of the server; with `length` it promises more than it sends."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True
    return True


def failing(times: int, status: int = 500, body: bytes = b"") -> Callable[[Request, Any], bool]:
    """The first so many requests of each method are answered with `status`."""
    left: dict[str, int] = {}

    def fault(request: Request, handler: Any) -> bool:
        left[request.method] = left.get(request.method, times) - 1
        return left[request.method] >= 0 and answer(
            handler, status, b"" if request.method == "HEAD" else body
        )

    return fault


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy on 127.0.0.1 before the server at `upstream`."""
    seen, lock = Proxy(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            request = Request(self.command, self.path)
            with lock:
                seen.requests.append(request)
                fault = seen.fault
            if fault and fault(request, self):
                return
            server = http.client.HTTPConnection(upstream.removeprefix("http://"), timeout=20)
            server.request(self.command, self.path, body, dict(self.headers))
            found = server.getresponse()
            content = found.read()
            self.send_response(found.status)
            for name, value in found.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            server.close()

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815 - names of http.server

        def log_message(self, *args: object) -> None:
            """Say nothing on the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that hang up are meant
    seen.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

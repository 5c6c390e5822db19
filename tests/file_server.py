"""A web server of files on this machine that breaks off, forgets or lies as a test wants it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class FileServer(ThreadingHTTPServer):
    """Serves `files` by their names, in whatever folder they are asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.breaks: list[int] = []
        """After how many bytes each of the next answers breaks off."""
        self.parts = True
        """Whether it can send what comes after a byte."""
        self.tells_length = True
        self.asked: list[str | None] = []
        """The range of each question."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        content = self.server.files.get(self.path.rpartition("/")[2])
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        start = start if self.server.parts else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        rest = content[start:]
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        end = self.server.breaks.pop(0) if self.server.breaks else len(rest)
        with contextlib.suppress(ConnectionError):  # who asked has heard enough
            self.wfile.write(rest[:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def make_server() -> Iterator[Callable[[], FileServer]]:
    made: list[tuple[FileServer, threading.Thread]] = []

    def make() -> FileServer:
        server = FileServer()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        made.append((server, thread))
        return server

    yield make
    for server, thread in made:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server(make_server: Callable[[], FileServer]) -> FileServer:
    return make_server()

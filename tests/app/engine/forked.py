"""Engines for window tests without the half second that each new Python needs for its imports.

A server imports once what they import and forks an engine for each request. What the window starts
is a small process that hands its stdin, stdout, stderr and environment over, and that ends as the
engine does; when it is killed, the engine is.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.child import python_command, python_environment

_MOST = 1 << 20  # bytes of an environment
_CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    socket.send_fds(server, [b"+"], [0, 1, 2])
    for number in range(3):
        os.close(number)
    server.sendall(json.dumps(dict(os.environ)).encode() + b"\\n")
    code = server.recv(1)
os._exit(code[0] if code else 1)
"""


@contextmanager
def forking(module: str, address: Path) -> Iterator[list[str]]:
    """The command line that runs a module as a fork, while the server stands."""
    words = python_command("tests.app.engine.forked", module, str(address))
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=python_environment()
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == b"listening\n"
            yield [sys.executable, "-I", "-S", "-c", _CLIENT, str(address)]
        finally:
            server.stdin.close()
            server.kill()


def serve(module: str, address: str) -> None:
    # Only the imports of the module: it runs when it is imported itself.
    for name in ("numpy", "core.lens.settings", "core.protocol.messages.prompts", "core.stdio"):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(16)
        print("listening", flush=True)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        while True:
            asker, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(module, asker)
            asker.close()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _keep(module: str, asker: socket.socket) -> None:
    """Fork the engine, and tell the asker how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(asker, 1, 3)
    text = b""
    while not text.endswith(b"\n") and len(text) < _MOST:
        text += asker.recv(1 << 16) or b"\n"
    engine = os.fork()
    if engine == 0:
        asker.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(json.loads(text))
        runpy.run_module(module, run_name="__main__")
        os._exit(0)
    for stream in streams:
        os.close(stream)
    threading.Thread(target=_end_with_asker, args=(asker, engine), daemon=True).start()
    _, status = os.waitpid(engine, 0)
    code = os.waitstatus_to_exitcode(status)
    try:
        asker.sendall(bytes([code & 0xFF]))
    finally:
        os._exit(0)


def _end_with_asker(asker: socket.socket, engine: int) -> None:
    if not asker.recv(1):
        os.kill(engine, signal.SIGKILL)


if __name__ == "__main__":
    serve(*sys.argv[1:])

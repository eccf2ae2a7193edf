"""How fast a file is uploaded, against curl, and in how much memory.

    python -m tests.benchmarks.upload [GIGABYTES] [RUNS]

A sink on the loopback throws away what it receives, for both alike. The file is sparse, so that
neither side waits for a disk; runs are interleaved, and the best of each counts. Prints the ratio
of the rates and the peak of resident memory of a process that reads the header, hashes and uploads
the file.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.importing.making import MODEL, gguf_head

DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0
"""Lets the system throw the bytes away, so that it is not the sink that is measured."""
DIGEST = "sha256:" + "0" * 64
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def main() -> None:
    """Compare, and print."""
    gigabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        size = sparse(path, gigabytes * 10**9)
        address = sink()
        ours, theirs = [], []
        for _ in range(runs):
            theirs.append(timed(curl(path, address)))
            ours.append(timed(job("upload", path, address)))
        print(f"curl -T     {size / min(theirs) / 1e6:8.0f} MB/s")
        print(f"this client {size / min(ours) / 1e6:8.0f} MB/s, the start of Python left out")
        print(f"ratio       {min(theirs) / min(ours):8.2f} of the rate of curl")
        print(output_of(job("memory", path, address)).strip())


def sparse(path: Path, size: int) -> int:
    """Write a GGUF file of about `size` bytes that takes no room; return its exact size."""
    head = gguf_head(MODEL, [(size // 2,)])
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    return len(head) + size


def curl(path: Path, address: str) -> list[str]:
    """Return the command that uploads with curl."""
    program = shutil.which("curl") or sys.exit("curl is not installed.")
    url = f"http://{address}/api/blobs/{DIGEST}"
    return [program, "-sS", "-X", "POST", "-H", "Expect:", "-T", str(path), url]


def job(what: str, path: Path, address: str) -> list[str]:
    """Return the command that runs one of the jobs below in a process of its own."""
    return [sys.executable, "-m", "tests.benchmarks.upload", what, str(path), address]


def timed(command: list[str]) -> float:
    """Run a command; return the seconds it says it took, else those of the whole run."""
    start = time.perf_counter()
    said = output_of(command)
    return float(said) if said.strip() else time.perf_counter() - start


def output_of(command: list[str]) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sink() -> str:
    """Start a server that reads requests to their end and forgets them; return its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(listening,), daemon=True).start()
    return f"127.0.0.1:{listening.getsockname()[1]}"


def accept(listening: socket.socket) -> None:
    """Answer one connection after the other."""
    buffer = bytearray(1024 * 1024)
    while True:
        connection, _ = listening.accept()
        with connection:
            swallow(connection, buffer)


def swallow(connection: socket.socket, buffer: bytearray) -> None:
    """Read one request and answer it."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    fields, _, body = head.partition(b"\r\n\r\n")
    if fields.startswith(b"HEAD"):
        connection.sendall(MISSING)
        return
    length = next(
        int(line.split(b":")[1])
        for line in fields.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    left = length - len(body)
    while left > 0:
        left -= connection.recv_into(buffer, 0, DISCARD)
    connection.sendall(CREATED)


async def upload(path: Path, address: str) -> None:
    """Upload, and print the seconds it took, start of the interpreter left out."""
    from ollama_tui.api.client import Ollama

    async with Ollama(f"http://{address}") as client:
        start = time.perf_counter()
        await client.upload_blob(DIGEST, path)
        print(time.perf_counter() - start)


async def memory(path: Path, address: str) -> None:
    """Read the header, hash and upload as an import does; print the peak of memory."""
    from ollama_tui.api.client import Ollama
    from ollama_tui.importing.inspect import weights_source
    from ollama_tui.services.jobs.upload import hash_file, upload_file

    [file] = weights_source(path).files
    digest = ""
    start = time.perf_counter()
    async for step in hash_file(file):
        digest = step if isinstance(step, str) else digest
    took = time.perf_counter() - start
    async with Ollama(f"http://{address}") as client:
        async for _ in upload_file(client, file, digest):
            pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_bytes = peak if sys.platform == "darwin" else peak * 1024
    print(f"hashing     {file.size / took / 1e6:8.0f} MB/s")
    print(f"memory      {peak_bytes / 1e6:8.0f} MB at most, for {file.size / 1e9:.1f} GB")


JOBS = {"upload": upload, "memory": memory}

if __name__ == "__main__":
    if len(sys.argv) > 3:
        asyncio.run(JOBS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3]))
    else:
        main()

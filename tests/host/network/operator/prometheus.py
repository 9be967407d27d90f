"""Debian's Prometheus as a process, which scrapes one node and is asked by its own API."""

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

Asked = Callable[[str], list[dict[str, Any]]]
"""What it has for a query, as soon as there is something."""


@contextmanager
def scraping(folder: Path, port: int, seconds: float = 60.0) -> Iterator[Asked]:
    """Scrape `port` of this machine five times a second; `seconds`: until it has what is asked."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        own = free.getsockname()[1]
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 200ms}\n"
        "scrape_configs: [{job_name: proofmill, "
        f"static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n")
    process = subprocess.Popen(
        ["prometheus", f"--config.file={folder / 'prometheus.yml'}",
         f"--storage.tsdb.path={folder / 'samples'}", f"--web.listen-address=127.0.0.1:{own}",
         "--log.level=error"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def asked(query: str) -> list[dict[str, Any]]:
        deadline = time.monotonic() + seconds
        while True:
            with suppress(OSError):
                address = f"http://127.0.0.1:{own}/api/v1/query?query={query}"
                with urllib.request.urlopen(address, timeout=5) as answer:
                    if found := list(json.load(answer)["data"]["result"]):
                        return found
            assert time.monotonic() < deadline and process.poll() is None, query
            time.sleep(0.1)

    try:
        yield asked
    finally:
        process.kill()
        process.wait()

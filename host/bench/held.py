"""A process that holds a key, asked for proofs: `proofmill serve` as its users have it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.sim import processes

LAUNCHER = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
unit = 1 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)
sys.exit(status)
"""
"""A program that starts another one on its own stdin and stdout, and measures its memory."""


class Holder:
    """The process: `ask` for a proof, `end` it to learn what memory it took."""

    def __init__(self, process: "subprocess.Popen[str]", request: str, log: Path) -> None:
        self._process, self._request, self._log = process, request, log

    def ask(self) -> tuple[float, float]:
        """Processor and wall seconds of a proof. Raises `ProofmillError` where there is none."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(self._request)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; what it said on stderr tells why
        line = self._process.stdout.readline()
        answer: JsonObject = (json.loads(line) if line else
                              {"error": self._log.read_text(errors="replace")})
        if "error" in answer:
            raise ProofmillError(f"proofmill serve: {answer['error'].strip()[-300:]}")
        return answer["cpu_seconds"], answer["seconds"]

    def end(self) -> float:
        """The process's greatest resident size in MB."""
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise ProofmillError(f"proofmill serve ended with status {self._process.returncode}: "
                                 f"{self._log.read_text(errors='replace').strip()[-300:]}")
        return int(said.split()[-1]) / 1e6


@contextmanager
def holding(command: Sequence[str], files: Sequence[Path]) -> Iterator[Holder]:
    """`command` (a `serve` on stdin) at work, proofs of files[0] going to files[1] and files[2]."""
    names = ("witness", "proof", "public")
    request = json.dumps({name: str(path) for name, path in zip(names, files, strict=True)}) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with open(log, "wb") as output:
            process = processes.start([sys.executable, "-S", "-E", "-c", LAUNCHER, *command],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output)
        try:
            yield Holder(process, request, log)
        finally:
            processes.end(process)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

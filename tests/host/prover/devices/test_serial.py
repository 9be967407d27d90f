"""Frames on the host: every one comes back, no damaged one does. The link itself is tested
against the gateware, in tests/boards/test_link.py."""

import os
from random import Random

import numpy as np
import pytest
import serial

from proofmill.hdl.framing import DELIMITER, MOST_WORDS, Flag
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.frames import Frame, FrameFinder, decode, encode


def frame(words, **fields):
    values = {"flags": Flag.CLOCK, "session": 4095, "most": 63, "sequence": 1, "acknowledge": 4095,
              "limit": 0} | fields
    return Frame(words=np.array(words, dtype=np.uint64), **values)


def same(left, right):
    return (np.array_equal(left.words, right.words)
            and {**vars(left), "words": 0} == {**vars(right), "words": 0})


@pytest.mark.parametrize("count", [0, 1, 2, MOST_WORDS])
def test_a_frame_comes_back(count):
    rng = Random(count)
    sent = frame([rng.choice([rng.getrandbits(64), 0xC0C0C0C0DBDBDBDB]) for _ in range(count)])
    data = encode(sent)
    assert data[0] == data[-1] == DELIMITER and DELIMITER not in data[1:-1]
    assert same(decode(data[1:-1]), sent)
    finder = FrameFinder()
    found = [f for at in range(0, len(data), 7) for f in finder.feed(data[at:at + 7])]
    assert len(found) == 1 and same(found[0], sent) and finder.damaged == 0


def test_no_damaged_frame_gets_through():
    rng, sent = Random(1), frame([1, 2, 0xC0])
    data = encode(sent)
    for _ in range(3000):
        broken = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(broken))
            match rng.randrange(3):
                case 0:
                    broken[at] ^= rng.randrange(1, 256)
                case 1:
                    del broken[at]
                case 2:
                    broken.insert(at, broken[at])
        finder = FrameFinder()
        assert all(same(found, sent) for found in finder.feed(bytes(broken) + b"\xc0"))


def test_noise_is_not_kept():
    finder = FrameFinder()
    for _ in range(100):
        assert finder.feed(bytes(1000)) == []
    assert len(finder._rest) < 2000
    assert finder.feed(b"\xc0") == [] and finder.damaged == 1
    assert same(finder.feed(encode(frame([5])))[0], frame([5]))


def test_too_many_words_are_refused():
    with pytest.raises(ValueError, match="words = 64 does not fit"):
        encode(frame(range(64)))


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_port_that_cannot_be_opened_is_said_in_words(tmp_path):
    master, slave = os.openpty()
    name = os.ttyname(slave)
    (tmp_path / "file").write_text("no port")
    try:
        with serial.Serial(name, exclusive=True):
            with pytest.raises(DeviceError, match=f"{name} cannot be opened: another program has "
                                                  "it open; end that one first$"):
                open_device(f"serial:{name}")
        for path in ("/dev/null", tmp_path, tmp_path / "file"):
            with pytest.raises(DeviceError, match=f"{path} cannot be opened: it is no serial port; "
                                                  "`proofmill devices` lists"):
                open_device(f"serial:{path}")
        with pytest.raises(DeviceError, match="cannot be opened: No such file or directory; "):
            open_device(f"serial:{tmp_path / 'absent'}")
    finally:
        os.close(master)
        os.close(slave)

"""Words through real pyserial, a pseudo-terminal and the gateware's framing, over a bad line."""

import numpy as np
import pytest

from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.serial import SerialLink
from tests.boards.gateware import SimulatedEcho
from tests.boards.lines import Damage

PATIENCE = 120
"""Seconds. The board here is interpreted, so a busy machine can keep it from reading or answering
for longer than the ten seconds after which a real board is given up."""


def words(count, seed=1):
    return np.random.default_rng(seed).integers(0, 1 << 64, count, dtype=np.uint64)


def everything(link, offered):
    """Send `offered` and take an answer to each."""
    taken, answers = 0, [np.zeros(0, dtype=np.uint64)]
    while taken < len(offered) or sum(map(len, answers)) < len(offered):
        went, came = link.exchange(offered[taken:], len(offered) - sum(map(len, answers)), 100_000)
        taken += went
        answers.append(came)
    return np.concatenate(answers)


@pytest.fixture
def board():
    board = SimulatedEcho()
    yield board
    board.close()


def test_words_come_back_in_order(board):
    link = SerialLink(board.path, answer_seconds=PATIENCE)
    offered = words(200)
    # Every special byte in every place.
    offered[:8] = [0xC0 << 8 * n | 0xDB << 8 * (7 - n) if n != 3 else 0xC0DBC0DBC0DBC0DB
                   for n in range(8)]
    assert np.array_equal(everything(link, offered), offered + np.uint64(1))
    assert link.statistics.damaged == 0 and link.statistics.words_in == 200
    link.close()


@pytest.mark.parametrize("seed", [1])
def test_damaged_lost_and_doubled_bytes_change_nothing_but_the_time(seed):
    damage = Damage(0.01, seed), Damage(0.01, 100 + seed)
    board = SimulatedEcho(damage)
    try:
        link = SerialLink(board.path, answer_seconds=PATIENCE)
        offered = words(40, seed)
        assert np.array_equal(everything(link, offered), offered + np.uint64(1))
        assert damage[0].done > 10 and damage[1].done > 10
        assert link.statistics.damaged and link.statistics.resent
        link.close()
    finally:
        board.close()


class Frames:
    """Loses and doubles whole frames, and delivers one of an old session."""

    def __init__(self, period):
        self.period, self.count, self.rest = period, 0, b""

    def __call__(self, data):
        *frames, self.rest = (self.rest + data).split(b"\xc0")
        out = b""
        for frame in frames:
            whole = b"\xc0" + frame + b"\xc0"
            self.count += bool(frame)
            if frame and self.count % self.period == 1:
                continue
            out += whole * (2 if self.count % self.period == 2 else 1)
        return out


def test_lost_and_doubled_frames():
    board = SimulatedEcho((Frames(5), Frames(7)))
    try:
        link = SerialLink(board.path, answer_seconds=PATIENCE)
        offered = words(60, 9)
        assert np.array_equal(everything(link, offered), offered + np.uint64(1))
        assert link.statistics.resent or link.statistics.late
        link.close()
    finally:
        board.close()


def test_a_board_that_takes_nothing_is_not_overrun(board):
    """Words stay with the host where the board has no room; a new session forgets them."""
    link = SerialLink(board.path, answer_seconds=PATIENCE)
    board.hold = True
    offered = words(1600)
    taken, answers = link.exchange(offered, 1, 8_000)
    assert 512 <= taken < 1600 and len(answers) == 0
    assert link.statistics.words_out <= 512
    resets = board.resets
    board.hold = False
    link.reset()
    taken, rest = link.exchange(offered[:10], 10, 100_000)
    assert taken == 10 and np.array_equal(rest, offered[:10] + np.uint64(1))
    assert board.resets > resets
    link.close()


def test_a_board_reset_in_the_middle_is_noticed(board):
    link = SerialLink(board.path, answer_seconds=PATIENCE)
    assert len(everything(link, words(10))) == 10
    board.restart.set()
    with pytest.raises(DeviceError, match="was reset or loaded anew while in use"):
        everything(link, words(2_000))
    with pytest.raises(DeviceError, match="was reset or loaded anew"):
        link.exchange(words(1), 1, 10)
    link.close()
    link.close()


def test_a_pulled_cable_is_a_sentence():
    board = SimulatedEcho()
    link = SerialLink(board.path, answer_seconds=PATIENCE / 6)
    board.close()
    with pytest.raises(DeviceError, match="connection to .* broke|has not answered for"):
        everything(link, words(2_000))


def test_a_silent_port_is_no_board():
    import os
    import tty
    master, slave = os.openpty()
    tty.setraw(slave)
    with pytest.raises(DeviceError, match="no Proofmill board answers at .* 115,200 baud"):
        SerialLink(os.ttyname(slave), 115_200, answer_seconds=0.3)
    os.close(master)
    os.close(slave)


def test_the_boards_clock_runs(board):
    link = SerialLink(board.path, answer_seconds=PATIENCE)
    first = link.board_cycle
    assert link.board_cycle > first
    link.close()

"""Links that misbehave."""

import numpy as np

from proofmill.hdl.commands import ANSWER, HEADER, IDENTITY, Command, pack
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.link import Link


class FlippedBit:
    """A link that flips one bit of one answer, the `word`-th there is; then it behaves."""

    scalar_seconds = 0.0

    def __init__(self, link: Link, word: int, bit: int = 17) -> None:
        self.link, self.word, self.bit, self.seen = link, word, bit, 0

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        taken, answers = self.link.exchange(words, room, cycles)
        place = self.word - self.seen
        self.seen += len(answers)
        if 0 <= place < len(answers):
            answers = answers.copy()
            answers[place] ^= np.uint64(1 << self.bit)
        return taken, answers

    def reset(self) -> None:
        self.link.reset()

    def close(self) -> None:
        self.link.close()


class Silent:
    """A link that takes words and never answers, from its `after`-th answer on."""

    scalar_seconds = 0.0

    def __init__(self, link: Link, after: int) -> None:
        self.link, self.left = link, after

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        if self.left <= 0:
            return len(words), np.zeros(0, dtype=np.uint64)
        taken, answers = self.link.exchange(words, room, cycles)
        self.left -= len(answers)
        return taken, answers

    def reset(self) -> None:
        self.link.reset()

    def close(self) -> None:
        self.link.close()


class Identified:
    """A link behind which there is nothing but an identity; whatever else is said fails."""

    scalar_seconds = 0.0

    def __init__(self, identity: dict[str, int]) -> None:
        self.waiting = [pack(ANSWER, command=Command.IDENTIFY, last=1),
                        *(identity[name] for name in IDENTITY)]

    def exchange(self, words: Limbs, room: int, cycles: int) -> tuple[int, Limbs]:
        assert words.tolist() in ([], [pack(HEADER, command=Command.IDENTIFY)])
        answers, self.waiting = self.waiting[:room], self.waiting[room:]
        return len(words), np.array(answers, dtype=np.uint64)

    def reset(self) -> None:
        raise AssertionError("nothing is under way")

    def close(self) -> None:
        pass

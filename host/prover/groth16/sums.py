"""A proof's multi-scalar multiplications on a device that holds a key's points: five, and one."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import add, multiply
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.points import infinity
from proofmill.host.prover.curve.scalars import to_plain
from proofmill.host.prover.devices.device import (
    Bases,
    Checking,
    Combining,
    Device,
    DeviceError,
    Evaluating,
    Held,
    Job,
    Progress,
    Proven,
    Proving,
    Quotient,
    Result,
    SelfCheck,
    Shared,
    Transforming,
)
from proofmill.host.prover.devices.mcl import MclDevice
from proofmill.host.prover.groth16.diagnosis import bad_key
from proofmill.host.prover.groth16.evaluation import Evaluator, matrices_of
from proofmill.host.prover.groth16.proving_key import ProvingKey

SUMS = (("A", Group.G1), ("B in G1", Group.G1), ("B in G2", Group.G2), ("C", Group.G1),
        ("H", Group.G1))
"""The sums of a proof, in the order of a key's sections 5 to 9."""

TOGETHER = (*SUMS[:3], ("C and H", Group.G1))
"""Those of a proof by one command."""

Loaded = TypeVar("Loaded")

CLOSING = "C from the others"
"""The sum that makes C of the five, where the device does that."""


class KeyOnDevice:
    """A device and, once loaded, a key's points on it. May be used from several threads.

    Where the device combines points too (`Combining`), or `closes` says so, the points that blind a
    proof are among those of the sums, so that these are A, B without its s delta in G1, B, and what
    C is to be made of (see `prove.assemble`).
    """

    def __init__(self, device: Device, key: ProvingKey, closes: bool | None = None) -> None:
        self.device = device
        self._key, self._closes = key, closes
        self._lock = threading.Lock()
        self._bases: list[Bases | None] | None = None
        self._matrices: Any = None
        self._held: Any = None

    @property
    def closes(self) -> bool:
        """Whether the device does the last sum too. Raises `DeviceError`."""
        with self._lock:
            if self._closes is None:
                self._closes = isinstance(self.device, Combining) and self.device.combines
            return self._closes

    def load(self) -> list[Bases | None]:
        """Load the points, at the first call; None for a sum without points."""
        closes, key = self.closes, self._key
        with self._lock:
            if self._bases is None:
                points = [key.a, key.b_g1, key.b_g2, key.c, key.h]
                if closes:
                    points[:3] = [np.concatenate([each, np.stack(more)]) for each, more in (
                        (key.a, (key.alpha_g1, key.delta_g1)), (key.b_g1, (key.beta_g1,)),
                        (key.b_g2, (key.beta_g2, key.delta_g2)))]
                self._bases = [self._loaded(group, each) if len(each) else None
                               for (_, group), each in zip(SUMS, points, strict=True)]
            return self._bases

    def _loaded(self, group: Group, points: Limbs) -> Bases:
        # Aligned and in one piece, which a section of a mapped file need not be.
        return self._checked(
            lambda: self.device.load(group, np.require(points, np.uint64, ("C", "A"))))

    def _checked(self, load: Callable[[], Loaded]) -> Loaded:
        """What `load` gives points of the key to; one that no device takes is named by its
        section."""
        try:
            return load()
        except DeviceError:
            raise
        except ProofmillError:
            if (refusal := bad_key(self._key)) is None:
                raise
            raise refusal from None

    def quotient(self, evaluator: Evaluator, witness: Limbs) -> Quotient | None:
        """The scalars of H by the device, from A w and B w, which are its own too if it evaluates;
        they then stay with it, where it can sum them there. None where it does not take vectors of
        this size. Raises `DeviceError`."""
        size = self._key.domain_size
        if not isinstance(self.device, Transforming) or not 2 <= size <= 1 << (
                self.device.transforms):
            return None
        if isinstance(self.device, Evaluating) and self.device.evaluates:
            with self._lock:
                if self._matrices is None:
                    self._matrices = self.device.keep(matrices_of(self._key))
            if (found := self.device.evaluated(self._matrices, witness)) is not None:
                return found
        a, b = (to_plain(values) for values in evaluator.evaluate(witness))
        return self.device.quotient(a, b)

    def _self_check(self) -> SelfCheck | None:
        """What the device checks its own proofs by; None where it checks nothing."""
        if not isinstance(self.device, Checking) or (shape := self.device.checks) is None:
            return None
        # With it come the gateware and its programs, for which other devices' proofs need not wait.
        from proofmill.host.prover.groth16.wide_check import self_check

        return self_check(shape, self._key.verification_key)

    def prove(self, witness: Limbs, blinding: tuple[int, int], h: Callable[[], Limbs],
              progress: Progress | None = None) -> Proven | None:
        """All of a proof by the device; None where it leaves some of that to this machine. `h`
        makes the scalars of H, which only a device wants that is blind. Raises `DeviceError`."""
        device, key = self.device, self._key
        if not isinstance(device, Proving) or not 2 <= key.domain_size <= 1 << device.proves:
            return None
        with self._lock:
            if self._held is None:
                check = self._self_check()
                self._held = self._checked(lambda: device.hold(matrices_of(key), [
                    np.concatenate([each, *more], dtype=np.uint64) for each, more in (
                        (key.a, ([key.alpha_g1], [key.delta_g1])), (key.b_g1, ([key.beta_g1],)),
                        (key.b_g2, ([key.beta_g2], [key.delta_g2])),
                        (key.c, ()), (key.h, ()))], key.public + 1, check))
        return device.prove(self._held, witness, blinding, h() if device.blind else None,
                            progress)

    def run(self, scalars: Sequence[Limbs], blinding: tuple[int, int],
            progress: Progress | None, held: Held | None = None) -> list[Result]:
        """The five sums, in one call of the device; those of H are `held` by it, and given only if
        it is blind. Raises `DeviceError`."""
        return self._all(self.device.run(self._jobs(scalars, blinding, held), progress))

    def closing(self, results: Sequence[Result], blinding: tuple[int, int]) -> Result | None:
        """The proof's C, from the five sums; None where the device leaves that to this machine.
        Raises `DeviceError`."""
        if not self.closes:
            return None
        assert isinstance(self.device, Combining)
        r, s = blinding
        a, b, _, c, h = (each.point for each in results)
        return self.device.combine(Group.G1, np.stack([c, h, a, b]), to_limbs([1, 1, s, r]))

    def checked(self, scalars: Sequence[Limbs], blinding: tuple[int, int]) -> list[Result] | None:
        """The right sums, where the device can tell who has computed a wrong one; else None."""
        if not isinstance(self.device, Shared):
            return None
        return self._all(self.device.checked(self._jobs(scalars, blinding)))

    def wrong(self, scalars: Sequence[Limbs], blinding: tuple[int, int],
              results: Sequence[Result], closing: Result | None) -> list[str]:
        """Which of the sums, five or those of `TOGETHER`, differ from what mcl computes, by name.

        Where a point of the key is not on the curve, sums depend on the order of the additions, and
        a difference says nothing of the device.
        """
        processor = MclDevice()
        try:
            right = KeyOnDevice(processor, self._key, closing is not None).run(
                scalars, blinding, None)
        finally:
            processor.close()
        a, b, b_g2, c, h = (each.point for each in right)
        points = [a, b, b_g2, c, h]
        if len(results) == len(TOGETHER):
            points[3:] = [add(Group.G1, c, h)]
        found = [name for (name, _), result, other in zip(
                     named_sums(results), results, points, strict=True)
                 if not np.array_equal(result.point, other)]
        if closing is not None and not found:
            if not np.array_equal(closing.point, closed(a, b, c, h, blinding)):
                found.append(CLOSING)
        return found

    def _jobs(self, scalars: Sequence[Limbs], blinding: tuple[int, int], held: Held | None = None
              ) -> list[Job]:
        if self.closes:
            r, s = blinding
            scalars = [*(np.concatenate([each, to_limbs(more)]) for each, more in zip(
                scalars[:3], ([1, r], [1], [1, s]), strict=True)), *scalars[3:]]
        holders = [*[None] * (len(SUMS) - 1), held]
        return [Job(bases, each, holder)
                for bases, each, holder in zip(self.load(), scalars, holders, strict=True)
                if bases is not None]

    def _all(self, results: Sequence[Result]) -> list[Result]:
        """With those that are nobody's work, since they are empty."""
        loaded = self.load()
        if len(results) != sum(bases is not None for bases in loaded):
            raise DeviceError(f"answered {len(results)} of the sums asked for")
        remaining = iter(results)
        return [Result(infinity(group), 0, 0, self.device.name) if bases is None
                else next(remaining)
                for bases, (_, group) in zip(loaded, SUMS, strict=True)]


def named_sums(results: Sequence[Result]) -> Sequence[tuple[str, Group]]:
    """Names and groups of `SUMS`, or of those of a proof by one command."""
    return TOGETHER if len(results) == len(TOGETHER) else SUMS


def closed(a: Limbs, b: Limbs, c: Limbs, h: Limbs, blinding: tuple[int, int]) -> Limbs:
    """A proof's C from its A, its B in G1 without s delta, and the sums C and H."""
    r, s = blinding
    return add(Group.G1, c, h, multiply(Group.G1, a, s), multiply(Group.G1, b, r))

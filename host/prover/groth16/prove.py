"""Proving: multi-scalar multiplications on a device, the rest here, and nothing unverified."""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.arithmetic import add, multiply
from proofmill.host.prover.curve.limbs import LIMBS, SCALAR_MODULUS, Limbs, from_limbs
from proofmill.host.prover.devices.device import (
    Device,
    DeviceError,
    Progress,
    Quotient,
    Result,
)
from proofmill.host.prover.devices.spent import Spent
from proofmill.host.prover.groth16.candidate import Candidate, Tell
from proofmill.host.prover.groth16.diagnosis import explain, first_bad_point
from proofmill.host.prover.groth16.evaluation import Evaluator
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.sums import CLOSING, TOGETHER, closed, named_sums
from proofmill.host.prover.groth16.verification_key import Proof
from proofmill.host.prover.groth16.verify import is_valid_point, verify
from proofmill.host.prover.groth16.wtns import check_witness

log = logging.getLogger(__name__)

NOTHING: Limbs = np.zeros((0, LIMBS), np.uint64)
"""The scalars of H that a device keeps."""


@dataclass(frozen=True)
class ProofResult:
    """A verified proof and what it took.

    `public`: the public signals, outputs first. `device`: what computed the sums in this proof.
    `faults`: a sentence for each device that is put aside. `news`: what happened to devices on the
    way, a sentence each. `calls`: sums over the key's points, of which `calls_on_device`
    came from the device asked for. `cycles`: clock cycles of the accelerator, added up over the
    sums, A w and B w where it evaluated them, `evaluation_cycles` of them, the scalars h likewise,
    `transform_cycles`, the proof's C where it made that of the sums, `closing_cycles`, and its own
    check of the proof, with the sum for that, `check_cycles`.
    `digits`: scalar digits that were not zero. `seconds`: wall time from witness to verified proof.
    `counters`: what the accelerator counted (`hdl.commands.COUNTERS`) by sum, empty where there is
    none. `words`: to the device and back, where it made the proof by one command.
    """

    proof: Proof
    public: list[int]
    device: str
    faults: tuple[str, ...]
    news: tuple[str, ...]
    calls: int
    calls_on_device: int
    cycles: int
    transform_cycles: int
    closing_cycles: int
    digits: int
    seconds: float
    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    evaluation_cycles: int = 0
    words: tuple[int, int] | None = None
    check_cycles: int = 0

    @property
    def spent(self) -> Spent:
        """What the cycles were for."""
        return Spent(self.cycles - self.evaluation_cycles - self.transform_cycles
                     - self.check_cycles, self.evaluation_cycles, self.transform_cycles,
                     self.check_cycles)


class Prover:
    """Proves with one key on one device, which holds the key's points from the first proof on.

    `fallback` takes over where `device` fails; without one, its failure is a `DeviceError`. With
    `reopen`, which opens `device` anew, it is tried again after a pause
    (`host.prover.groth16.candidate`), by `clock`. With `r1cs`, a witness that is wrong is answered
    with the constraint it breaks. Raises `ProofmillError` where `r1cs` is not the key's circuit.
    """

    def __init__(self, key: ProvingKey, device: Device, fallback: Device | None = None,
                 r1cs: R1cs | None = None, reopen: Callable[[], Device] | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        if r1cs is not None:
            check_circuit(key, r1cs)
        self.key = key
        self.r1cs = r1cs
        self._evaluator = Evaluator(key)
        self._candidates = [Candidate(device, key, reopen, clock)]
        if fallback is not None:
            self._candidates.append(Candidate(fallback, key))

    @property
    def faulty(self) -> str | None:
        """What the device did wrong, once it is put aside; None as long as it is in use."""
        return self._candidates[0].fault

    @property
    def failures(self) -> int:
        """How often the device has failed so far, to open again too."""
        return self._candidates[0].failures

    def load(self) -> None:
        """Load the key's points onto the device now instead of with the first proof.

        A device that fails is put aside; `DeviceError` where there is no other.
        """
        for candidate in self._candidates:
            on = candidate.ready(_nobody)
            if on is not None:
                try:
                    on.load()
                    return
                except DeviceError as error:
                    candidate.failed(on, f"failed: {error}", _nobody)
        raise self._nothing_left()

    def prove(self, witness: Limbs, progress: Progress | None = None,
              blinding: tuple[int, int] | None = None, tell: Tell | None = None) -> ProofResult:
        """Prove, and verify the proof before it is returned.

        `witness`: shape (wires, 4), plain integers below r, the first 1. `progress` counts points
        on the device. `tell` hears at once what happens to devices. `blinding` are the proof's two
        random numbers, for tests alone: with known ones a proof is no longer zero-knowledge.

        A device that fails, or whose sums the processor finds wrong after a proof did not verify,
        is put aside and the work is redone on the fallback; one that failed may be tried again with
        a later proof. Raises `ProofmillError` where the
        witness does not fit or does not satisfy the constraints, and `DeviceError` where no device
        is left.
        """
        start = time.perf_counter()
        # In a file, values begin at a multiple of four bytes; devices may want eight.
        witness = np.require(witness, np.uint64, ("C", "A"))
        check_witness(witness, self.key.wires, self.key.name)
        public = from_limbs(witness[1:self.key.public + 1])
        private = witness[self.key.public + 1:]
        own: Limbs | None = None  # h, once it is computed here
        news: list[str] = []

        def hear(sentence: str) -> None:
            news.append(sentence)
            if tell is not None:
                tell(sentence)

        def own_h() -> Limbs:
            nonlocal own
            own = self._evaluator.quotient(witness) if own is None else own
            return own

        for candidate in self._candidates:
            on = candidate.ready(hear)
            if on is None:
                continue
            moved: Quotient | None
            closing: Result | None
            try:
                # New ones for every attempt: two proofs with the same ones would share what they
                # hide.
                numbers = blinding or (
                    secrets.randbelow(SCALAR_MODULUS), secrets.randbelow(SCALAR_MODULUS))
                scalars = [witness, witness, witness, private, NOTHING]
                if (proven := on.prove(witness, numbers, own_h, progress)) is not None:
                    moved, results, closing = proven.quotient, proven.sums, proven.closing
                else:
                    moved = on.quotient(self._evaluator, witness)
                    held = None if moved is None else moved.held
                    if held is None or held.blind:
                        given = None if moved is None else moved.scalars
                        scalars[-1] = own_h() if given is None else given
                    results = on.run(scalars, numbers, progress, held)
                    closing = on.closing(results, numbers)
            except DeviceError as error:
                log.warning("put aside: %s failed: %s", candidate.name, error)
                candidate.failed(on, f"failed: {error}", hear)
                continue
            proof = self._verified(results, closing, public, numbers)
            if proof is not None and proven is not None and not proven.right:
                log.warning("put aside: %s found a right proof wrong", candidate.name)
                candidate.failed(on, "found its own proof wrong, which is right", hear, again=False)
                continue
            keeps = scalars[-1] is NOTHING
            if proof is None and keeps:
                scalars[-1] = own_h()
            if proof is None and (right := on.checked(scalars, numbers)) is not None:
                results = right
                proof = self._verified(results, closing, public, numbers)
            if proof is None:
                if not np.array_equal(scalars[-1], own_h()):
                    log.warning("put aside: %s computed wrong scalars h", candidate.name)
                    candidate.failed(on, "computed wrong scalars h", hear, again=False)
                    continue
                wrong = on.wrong(scalars, numbers, results, closing)
                if not wrong or first_bad_point(self.key) is not None:
                    raise explain(self.key, witness, self.r1cs)
                what = f"a wrong sum for {', '.join(wrong)}"
                if keeps and wrong and wrong[0] in ("H", TOGETHER[-1][0]):
                    what = f"wrong scalars h, which it keeps, or a wrong sum for {wrong[0]}"
                log.warning("put aside: %s computed %s", candidate.name, what)
                candidate.failed(on, f"computed {what}", hear, again=False)
                continue
            log.debug("proof by %s under %s", candidate.name, self.key.name)
            for_h = 0 if moved is None else moved.cycles
            check_cycles = 0 if proven is None else proven.check_cycles
            evaluation_cycles = 0 if moved is None else moved.evaluated
            named = dict(zip((name for name, _ in named_sums(results)), results, strict=True))
            if closing is not None:
                named[CLOSING] = closing
            candidate.worked()
            return ProofResult(
                proof=proof, public=public, device=candidate.name, faults=self._faults(),
                news=tuple(news), calls=len(results),
                calls_on_device=len(results) if candidate is self._candidates[0] else 0,
                cycles=for_h + sum(each.cycles for each in named.values()) + check_cycles,
                transform_cycles=for_h - evaluation_cycles,
                evaluation_cycles=evaluation_cycles,
                closing_cycles=0 if closing is None else closing.cycles,
                digits=sum(each.digits for each in named.values()),
                seconds=time.perf_counter() - start,
                counters={name: each.counters for name, each in named.items() if each.counters},
                words=None if proven is None else (proven.sent, proven.received),
                check_cycles=check_cycles)
        raise self._nothing_left()

    def _faults(self) -> tuple[str, ...]:
        return tuple(each.fault for each in self._candidates if each.fault is not None)

    def _nothing_left(self) -> DeviceError:
        return DeviceError(f"{'; '.join(self._faults())}; no other device was given")

    def _verified(self, results: Sequence[Result], closing: Result | None, public: Sequence[int],
                  blinding: tuple[int, int]) -> Proof | None:
        """The proof that the sums make, `closing` its C if there is one; None if it is not
        valid."""
        sums = [result.point for result in results]
        if not all(is_valid_point(group, point)
                   for (_, group), point in zip(named_sums(results), sums, strict=True)):
            return None
        if closing is None:
            proof = assemble(self.key, sums, blinding)
        elif not is_valid_point(Group.G1, closing.point):
            return None
        else:
            proof = Proof(a=sums[0], b=sums[2], c=closing.point)
        return proof if verify(self.key.verification_key, public, proof) else None


def prove(key: ProvingKey, witness: Limbs, device: Device, fallback: Device | None = None,
          progress: Progress | None = None, r1cs: R1cs | None = None) -> ProofResult:
    """One proof; for several with the same key, keep a `Prover`."""
    return Prover(key, device, fallback, r1cs).prove(witness, progress)


def assemble(key: ProvingKey, sums: Sequence[Limbs], blinding: tuple[int, int]) -> Proof:
    """The proof from its five sums, in the order of `sums.SUMS`, and the random numbers r, s::

        A = alpha + sum_A + r delta
        B = beta + sum_B + s delta
        C = sum_C + sum_H + s A + r (B - s delta)
    """
    sum_a, sum_b_g1, sum_b_g2, sum_c, sum_h = sums
    r, s = blinding
    g1, g2 = Group.G1, Group.G2
    a = add(g1, key.alpha_g1, sum_a, multiply(g1, key.delta_g1, r))
    b = add(g2, key.beta_g2, sum_b_g2, multiply(g2, key.delta_g2, s))
    return Proof(a=a, b=b, c=closed(a, add(g1, key.beta_g1, sum_b_g1), sum_c, sum_h, blinding))


def _nobody(sentence: str) -> None:
    """Hears what nobody has asked for."""


def check_circuit(key: ProvingKey, r1cs: R1cs) -> None:
    """Raise `ProofmillError` where `r1cs` is not the circuit of `key`."""
    for what, of_circuit, of_key in (("wires", r1cs.wires, key.wires),
                                     ("public signals", r1cs.public, key.public)):
        if of_circuit != of_key:
            raise ProofmillError(
                f"{r1cs.name} has {of_circuit} {what}, {key.name} is for {of_key}; "
                "give the circuit the key was made from")

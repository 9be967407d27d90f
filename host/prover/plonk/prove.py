"""Proving by gates: the sums on a device, the rest here, and nothing unverified."""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, from_limbs
from proofmill.host.prover.curve.scalars import Vector, from_integers
from proofmill.host.prover.devices.device import Device, DeviceError, Progress
from proofmill.host.prover.devices.spent import Spent
from proofmill.host.prover.groth16.candidate import Tell
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.wtns import check_witness
from proofmill.host.prover.plonk.commitments import Committer
from proofmill.host.prover.plonk.rounds import BLINDINGS, SUMS, BrokenKey, Rounds
from proofmill.host.prover.plonk.verification_key import PlonkProof
from proofmill.host.prover.plonk.verify import verify
from proofmill.host.prover.plonk.wires import columns, first_unsatisfied, variables
from proofmill.host.prover.plonk.zkey import Circuit, PlonkProvingKey, Polynomials

log = logging.getLogger(__name__)


Proof = TypeVar("Proof")


@dataclass(frozen=True)
class GatesResult(Generic[Proof]):
    """A verified proof and what it took.

    `public`: the public signals, outputs first. `device`: what computed the proof's sums.
    `faults`: a sentence for each device that failed. `calls`: sums in the proof. `cycles`: clock
    cycles of the accelerator, of which `transform_cycles` are for transforms. `digits`: scalar
    digits that were not zero. `seconds`: wall time from witness to verified proof.
    """

    proof: Proof
    public: list[int]
    device: str
    faults: tuple[str, ...]
    calls: int
    cycles: int
    digits: int
    seconds: float
    transform_cycles: int = 0

    @property
    def calls_on_device(self) -> int:
        """Sums that came from the device asked for."""
        return 0 if self.faults else self.calls

    @property
    def spent(self) -> Spent:
        """What the cycles were for."""
        return Spent(self.cycles - self.transform_cycles, transforms=self.transform_cycles)


class ProvingKey(Protocol):
    """What is the same in keys of PLONK and FFLONK."""

    @property
    def circuit(self) -> Circuit: ...

    @property
    def polynomials(self) -> Polynomials: ...

    @property
    def powers(self) -> Limbs: ...

    @property
    def name(self) -> str: ...


Key = TypeVar("Key", bound=ProvingKey)


class GatesProver(Generic[Key, Proof]):
    """Proves with one key on one device, which holds the powers of tau from the first proof on.

    `fallback` takes over where `device` fails or computes a wrong sum; without one that is a
    `DeviceError`. With `r1cs`, a witness that is wrong is answered with the constraint it breaks.
    Whoever inherits says `sums` in a proof, how many random numbers (`blindings`), and how proofs
    are made and verified.
    """

    sums: int
    blindings: int

    def make(self, committer: Committer, wires: list[Vector], public: Sequence[int],
             blinding: Sequence[int]) -> Proof:
        """The proof, not verified yet. Raises `DeviceError`, and `BrokenKey`."""
        raise NotImplementedError

    def is_valid(self, public: Sequence[int], proof: Proof) -> bool:
        """Whether it verifies."""
        raise NotImplementedError

    def __init__(self, key: Key, device: Device, fallback: Device | None = None,
                 r1cs: R1cs | None = None) -> None:
        if r1cs is not None and (r1cs.wires, r1cs.public) != (key.circuit.wires,
                                                              key.circuit.public):
            raise ProofmillError(
                f"{r1cs.name} has {r1cs.wires} wires and {r1cs.public} public signals, {key.name} "
                f"is for {key.circuit.wires} and {key.circuit.public}; give the circuit the key "
                "was made from")
        self.key = key
        self._r1cs = r1cs
        self._committers = [Committer(each, key.powers)
                            for each in (device, fallback) if each is not None]
        self._faults: list[str] = []

    @property
    def faulty(self) -> str | None:
        """What the device did wrong, once it is put aside; None as long as it is in use."""
        return self._faults[0] if self._faults else None

    @property
    def failures(self) -> int:
        """How many devices have failed so far."""
        return len(self._faults)

    def prove(self, witness: Limbs, progress: Progress | None = None,
              blinding: Sequence[int] | None = None, tell: Tell | None = None
              ) -> GatesResult[Proof]:
        """Prove, and verify the proof before it is returned.

        `witness`: shape (wires, 4), plain integers below r, the first 1. `blinding`: the proof's
        random numbers, for tests alone. `tell` hears at once of a device that is put aside. Raises
        `ProofmillError` where the witness does not fit or does not satisfy a gate, or the key is
        damaged, and `DeviceError` where no device is left.
        """
        start = time.perf_counter()
        tell = tell or (lambda sentence: None)
        circuit = self.key.circuit
        witness = np.require(witness, np.uint64, ("C", "A"))
        check_witness(witness, circuit.wires, self.key.name)
        public = from_limbs(witness[1:circuit.public + 1])
        values = variables(circuit, witness)
        gate = first_unsatisfied(circuit, self.key.polynomials, columns(circuit, values),
                                 from_integers(public))
        if gate is not None:
            raise self._unsatisfied(gate, witness)
        while self._committers:
            committer = self._committers[0]
            committer.restart(self.sums, progress)
            # New ones for every attempt: two proofs with the same ones would share what they hide.
            numbers = blinding or [secrets.randbelow(SCALAR_MODULUS) for _ in range(self.blindings)]
            try:
                proof = self.make(committer, columns(circuit, values), public, numbers)
            except DeviceError as error:
                self._put_aside(f"failed: {error}", tell)
                continue
            except BrokenKey as error:
                if committer.transforms.calls and self._wrong(
                        columns(circuit, values), public, numbers, tell):
                    continue
                raise self._damaged(str(error)) from None
            if self.is_valid(public, proof):
                return GatesResult(
                    proof=proof, public=public, device=committer.device.name,
                    faults=tuple(self._faults), calls=committer.calls,
                    cycles=committer.cycles + committer.transforms.cycles,
                    transform_cycles=committer.transforms.cycles,
                    digits=committer.digits, seconds=time.perf_counter() - start)
            if not self._wrong(columns(circuit, values), public, numbers, tell):
                raise self._damaged("the proof does not verify although every gate holds")
        raise DeviceError(f"{'; '.join(self._faults)}; no other device was given")

    def _wrong(self, wires: list[Vector], public: Sequence[int], numbers: Sequence[int],
               tell: Tell) -> bool:
        """Whether a proof that did not verify, or could not be made, is the device's fault: one by
        mcl and this machine, of the same numbers, does. The device is put aside then."""
        from proofmill.host.prover.devices.mcl import MclDevice  # takes as long as a small proof

        reference = Committer(MclDevice(), self.key.powers)
        try:
            proof = self.make(reference, wires, public, numbers)
        except BrokenKey:
            return False
        if not self.is_valid(public, proof):
            return False
        transformed = self._committers[0].transforms.calls > 0
        self._put_aside(f"computed a wrong sum{' or transform' if transformed else ''}", tell)
        return True

    def _put_aside(self, what: str, tell: Tell) -> None:
        device = self._committers.pop(0).device
        log.warning("put aside: %s %s", device.name, what)
        self._faults.append(f"{device.name} {what}")
        tell(f"{device.name} {what}; it is put aside")

    def _damaged(self, why: str) -> ProofmillError:
        return ProofmillError(f"{self.key.name}: {why}: the key is damaged; copy it again or make "
                              "a new one")

    def _unsatisfied(self, gate: int, witness: Limbs) -> ProofmillError:
        """The error of a witness that breaks a gate."""
        if self._r1cs is not None:
            constraint = self._r1cs.first_unsatisfied(witness)
            if constraint is not None:
                return ProofmillError(
                    f"the witness does not satisfy constraint {constraint} of "
                    f"{self._r1cs.constraints} (counted from 0) in {self._r1cs.name}; compute the "
                    "witness with this circuit")
        return ProofmillError(
            f"the witness does not satisfy gate {gate} of {self.key.circuit.gates} (counted from "
            f"0) of {self.key.name}, being wrong or another circuit's; give the .r1cs as well to "
            "learn which constraint it breaks")


class PlonkProver(GatesProver[PlonkProvingKey, PlonkProof]):
    """`GatesProver` for PLONK."""

    sums, blindings = SUMS, BLINDINGS

    def make(self, committer: Committer, wires: list[Vector], public: Sequence[int],
             blinding: Sequence[int]) -> PlonkProof:
        """See `Rounds`."""
        return Rounds(self.key, committer, blinding).prove(wires, public)

    def is_valid(self, public: Sequence[int], proof: PlonkProof) -> bool:
        """See `verify`."""
        return verify(self.key.verification_key, public, proof)

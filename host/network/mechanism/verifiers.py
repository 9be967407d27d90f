"""The registry of verifiers: each pinned to its key, its code and its proof system.

The rules of VerifierRegistry.vy in plain integers. A system's identifier is

    first 4 bytes of keccak-256("<name>-bn254-v1")

by ERC-7992's (draft) rule for names. An entry never changes but to be retired; `verify` is false
for an unknown number, for code that is not the one that was pinned, and for a proof that has not
the system's count of numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from eth_hash.auto import keccak

from proofmill.host.prover.plonk.systems import FFLONK, GROTH16, PLONK

PROOF_NUMBERS = {GROTH16: 8, PLONK: 24, FFLONK: 24}
"""How many numbers a proof has as contracts take it, by its system."""

IDENTIFIERS = {name: bytes(keccak(f"{name}-bn254-v1".encode())[:4]) for name in PROOF_NUMBERS}
"""Of the systems, 4 bytes, as contracts name them."""

_NUMBERS = {identifier: PROOF_NUMBERS[name] for name, identifier in IDENTIFIERS.items()}


def system_named(identifier: bytes) -> str:
    """The system of an identifier; KeyError for one that is none."""
    return {known: name for name, known in IDENTIFIERS.items()}[identifier]


@dataclass(frozen=True)
class Verifier:
    """What a verifier says of itself. `check`: its verdict on a proof of the system's count of
    numbers and on signals, `code`: what its code hashes to now."""

    system: bytes
    key_hash: bytes
    signals: int
    code: bytes
    check: Callable[[Sequence[int], Sequence[int]], bool]


@dataclass(frozen=True)
class Entry:
    """A pinned verifier; `registrar`: who added it."""

    verifier: int
    code: bytes
    system: bytes
    key_hash: bytes
    signals: int
    development: bool
    registrar: int
    retired: bool = False


@dataclass
class VerifierRegistry:
    """`verifiers`: the contracts by address; `local`: whether development keys are taken."""

    verifiers: dict[int, Verifier]
    local: bool
    entries: list[Entry] = field(default_factory=list)

    def add(self, sender: int, verifier: int, system: bytes, key_hash: bytes, development: bool
            ) -> int:
        """Pin a verifier; its number. ValueError where the contract refuses."""
        known = self.verifiers.get(verifier)
        if known is None:
            raise ValueError("there is no contract at this address")
        if development and not self.local:
            raise ValueError("development keys are for local chains")
        if system not in _NUMBERS:
            raise ValueError("this is no proof system")
        if known.system != system:
            raise ValueError("the verifier is of another system")
        if known.key_hash != key_hash:
            raise ValueError("the verifier is for another key")
        if any(each.registrar == sender and each.key_hash == key_hash for each in self.entries):
            raise ValueError("this key is added already")
        self.entries.append(Entry(verifier, known.code, system, key_hash, known.signals,
                                  development, sender))
        return len(self.entries) - 1

    def retire(self, sender: int, number: int) -> None:
        """Stop new uses of an entry, for good. ValueError where the contract refuses."""
        if not 0 <= number < len(self.entries):
            raise ValueError("there is no such verifier")
        if self.entries[number].registrar != sender:
            raise ValueError("only who added a verifier retires it")
        if self.entries[number].retired:
            raise ValueError("the verifier is retired already")
        self.entries[number] = replace(self.entries[number], retired=True)

    def is_open(self, number: int, signals: int) -> bool:
        """Whether new jobs may name this verifier with so many public signals."""
        return (0 <= number < len(self.entries) and not self.entries[number].retired
                and self.entries[number].signals == signals)

    def verify(self, number: int, proof: Sequence[int], signals: Sequence[int]) -> bool:
        """Whether a proof holds under the pinned key, of the pinned system."""
        if not 0 <= number < len(self.entries):
            return False
        entry = self.entries[number]
        verifier = self.verifiers[entry.verifier]
        return (verifier.code == entry.code and len(proof) == _NUMBERS[entry.system]
                and len(signals) == entry.signals and verifier.check(proof, signals))

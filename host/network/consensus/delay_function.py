"""A delay function on a RANDAO mix: what comes out takes as many steps in a row to know as one asks
for, whatever machines there are, and is checked in a few.

Wesolowski's ("Efficient verifiable delay functions", EUROCRYPT 2019), in a class group, by chiavdf:

    D = create_discriminant(mix, 1024)     a negative prime, so nobody knows the group's order
    x = the form (2, 1, (1 - D) / 8)
    y = x^(2^T)                            T squarings, one after the other
    pi = x^((2^T) div l)                   l a prime from hashing x and y
    check: pi^l x^(2^T mod l) = y          two short powers

The group hangs on the mix, so nothing can be computed ahead of it. Which mix comes out is
``SHA-256(DOMAIN ‖ mix ‖ T ‖ y)``, T in 8 bytes, big-endian; y is the reduced form, of which there
is one, in the one encoding that is taken.
"""

from dataclasses import dataclass
from hashlib import sha256
from types import ModuleType

from proofmill.host.ground.errors import ProofmillError, how_to_install

DOMAIN = b"proofmill.delayed-mix.1"
MIX_BYTES = 32
DISCRIMINANT_BITS = 1_024
FORM_BYTES = 100
"""A form of such a discriminant, compressed."""
PROOF_BYTES = 2 * FORM_BYTES
MOST_SQUARINGS = 1 << 40
_START = b"\x08".ljust(FORM_BYTES, b"\0")
"""The form x."""


@dataclass(frozen=True)
class Delayed:
    """What comes out of a mix. `proof`: y, then pi, `FORM_BYTES` each."""

    mix: bytes
    squarings: int
    proof: bytes

    @property
    def output(self) -> bytes:
        """The delayed mix, 32 bytes. Of a `Delayed` that was checked."""
        return sha256(DOMAIN + self.mix + self.squarings.to_bytes(8, "big")
                      + self.proof[:FORM_BYTES]).digest()


def evaluate(mix: bytes, squarings: int) -> Delayed:
    """Do all steps, which takes that long, and prove it. ValueError as `holds`; ProofmillError
    where `chiavdf` is not installed."""
    _require(mix, squarings)
    proof = bytes(_library().prove(mix, _START, DISCRIMINANT_BITS, squarings, ""))
    if len(proof) != PROOF_BYTES:
        raise ProofmillError(f"the delay function gave {len(proof)} bytes of {PROOF_BYTES}; this "
                             "version of chiavdf has another form; install 1.2")
    return Delayed(mix, squarings, proof)


def holds(delayed: Delayed) -> bool:
    """Whether a stranger's proof is right: then `output` is what the mix gives. ValueError for a
    mix that has not 32 bytes, or for less than 1 squaring or more than `MOST_SQUARINGS`: these a
    chain fixes, and nobody sends."""
    _require(delayed.mix, delayed.squarings)
    if len(delayed.proof) != PROOF_BYTES:
        return False
    library = _library()
    discriminant = library.create_discriminant(delayed.mix, DISCRIMINANT_BITS)
    try:
        return bool(library.verify_n_wesolowski(
            discriminant, _START, delayed.proof, delayed.squarings, DISCRIMINANT_BITS, 0))
    except (RuntimeError, ValueError):
        return False  # bytes that are no form


def require_library() -> None:
    """ProofmillError, which says how to get it, where `chiavdf` is not installed."""
    _library()


def _require(mix: bytes, squarings: int) -> None:
    if len(mix) != MIX_BYTES:
        raise ValueError(f"a mix has {MIX_BYTES} bytes, not {len(mix)}")
    if not 1 <= squarings <= MOST_SQUARINGS:
        raise ValueError(f"squarings are 1 to {MOST_SQUARINGS:,}, not {squarings}")


def _library() -> ModuleType:
    try:
        import chiavdf
    except ModuleNotFoundError as error:
        raise ProofmillError(
            f"the delay function needs {error.name}: {how_to_install('delay')}") from error
    return chiavdf

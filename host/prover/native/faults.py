"""The native library's faults as sentences: the value, the place and the way out."""

import os

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.native.library import Fault

WAY_OUT = "the file is damaged or incomplete, copy or create it again"

(FINE, CANCELLED, NO_MEMORY, NO_THREAD, UNREADABLE, TRUNCATED, BAD_MAGIC, BAD_VERSION,
 DOUBLE_SECTION, MISSING_SECTION, TRAILING, BAD_PROTOCOL, BAD_PRIME, BAD_COUNT, BAD_DOMAIN,
 NOT_BELOW_PRIME, BAD_INDEX, SIZE_MISMATCH, NOT_ONE, WRONG_WITNESS, INVALID_PROOF,
 ) = range(21)
"""The codes of `source/control.h`, in their order."""

KEY_SECTIONS = {
    1: "protocol", 2: "header", 3: "points public_points", 4: "coefficients", 5: "points a",
    6: "points b_g1", 7: "points b_g2", 8: "points c", 9: "points h", 10: "contributions"}
WITNESS_SECTIONS = {1: "header", 2: "values"}
FIELDS = ("matrix", "constraint", "signal")
PROTOCOLS = {2: "PLONK", 10: "FFLONK"}


class InvalidProof(ProofmillError):
    """The proof does not verify: the witness, or the key, is wrong."""


def to_error(fault: Fault, names: tuple[str, ...] = ()) -> ProofmillError:
    """The error that `fault` stands for; `names`: what the key and the witness are called."""
    code, found, limit = fault.code, fault.found, fault.limit
    if code == NO_MEMORY:
        return ProofmillError("there is not enough memory; close other programs or prove elsewhere")
    if code == INVALID_PROOF:
        return InvalidProof(
            f"the proof does not verify: the witness does not satisfy the constraints of "
            f"{names[0]}, being wrong or another circuit's, or the key is damaged; give the .r1cs "
            "as well to learn which constraint fails first")
    name = names[fault.file] if fault.file < len(names) else "the points"
    kind = ("zkey", "wtns")[fault.file]
    titles = (KEY_SECTIONS, WITNESS_SECTIONS)[fault.file]
    title = f" ({titles[fault.section]})" if fault.section in titles else ""
    where = f"section {fault.section}{title}" if fault.section else "head"
    place = f"{name}: {where}, byte {fault.byte}"
    if code == UNREADABLE:
        return ProofmillError(f"{place}: cannot be read: {os.strerror(found)}; "
                              "give the path of a file that is there")
    if code == BAD_MAGIC:
        start = found.to_bytes(4, "little")
        return ProofmillError(f"{name}: not a .{kind} file: it begins with {start!r}, not "
                              f"{kind.encode()!r}; give the .{kind} file")
    if code == BAD_VERSION:
        return ProofmillError(f"{name}: .{kind} version {found} is not known, only up to {limit}; "
                              "use the snarkjs or circom it was made with")
    if code == BAD_PROTOCOL:
        return ProofmillError(
            f"{place}: the key is for {PROTOCOLS.get(found, f'protocol {found}')}, not Groth16; "
            "run `snarkjs groth16 setup`")
    if code == BAD_PRIME and fault.detail:
        return ProofmillError(f"{place}: the prime is not BN254's; compile and set up the circuit "
                              "for bn128, the default of circom and snarkjs")
    if code == MISSING_SECTION:
        return ProofmillError(f"{name}: {where} is missing; {WAY_OUT}")
    if code == WRONG_WITNESS:
        return ProofmillError(
            f"the witness has {found} values, {names[0]} is for {limit}; compute the witness with "
            "the circuit the key was made from")
    return ProofmillError(f"{place}: {_problem(fault)}; {WAY_OUT}")


def _problem(fault: Fault) -> str:
    found, limit = fault.found, fault.limit
    problems = {
        TRUNCATED: f"{found} bytes more are wanted than there are",
        DOUBLE_SECTION: f"section {fault.section} comes a second time",
        TRAILING: f"{found} bytes more than the header says",
        BAD_PRIME: f"the prime is said to have {found} bytes, not {limit}",
        BAD_COUNT: f"a count of {found} does not fit, the limit is {limit}",
        BAD_DOMAIN: f"the domain size {found} is not a power of two from 2 to 2^28",
        NOT_BELOW_PRIME: f"index {fault.index}: not below the field's prime",
        SIZE_MISMATCH: f"the section has {found} bytes, {limit} follow from the header",
        NOT_ONE: "the first value of a witness must be 1",
    }
    if fault.code == BAD_INDEX:
        return (f"coefficient {fault.index}: {FIELDS[fault.detail]} {found} is not below {limit}")
    return problems.get(fault.code, f"fault {fault.code}")

"""The powers of a secret that nobody knows, from the ceremony of 2023, as points.

`eth-consensus-specs` ships them: ``presets/mainnet/trusted_setups/trusted_setup_4096.json``, made
by more than 140,000 parties (ethereum/kzg-ceremony). The file is known by its SHA-256, so its
points need no further check. Of the secret s it has ``s^i G1`` for i below 4,096, their
combinations for values at roots of unity (Lagrange), and ``s^i G2`` for i up to 64.
"""

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg.parameters import BLOB_POWER, CELL_ELEMENTS, reversal
from proofmill.host.prover.native.bls12_381 import decompress

PACKAGE = "eth-consensus-specs"
PLACE = "presets/mainnet/trusted_setups/trusted_setup_4096.json"
SHA256 = "f8e44a31ebf0a6d0734dcb301b0716e2c77f3ae18ed0cab0870fbcc2ca55616f"


@cache
def _points(section: str) -> tuple[bytes, ...]:
    """A section's points, compressed."""
    return tuple(bytes.fromhex(point[2:]) for point in _file()[section])


@cache
def _file() -> dict[str, list[str]]:
    way_out = f"install it again with `pip install --force-reinstall {PACKAGE}`"
    try:
        path = distribution(PACKAGE).locate_file(PLACE)
        with open(str(path), "rb") as stream:
            content = stream.read()
    except (PackageNotFoundError, OSError) as error:
        raise ProofmillError(f"the trusted setup, {PLACE} of the Python package {PACKAGE}, cannot "
                             f"be read: {error}; {way_out}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ProofmillError(f"{path}: SHA-256 {found} is not the trusted setup's, {SHA256}; "
                             f"{way_out}")
    sections: dict[str, list[str]] = json.loads(content)
    return sections


@cache
def lagrange() -> bytes:
    """``L_i(s) G1`` for the values of a blob, in their order (bit-reversed), 96 bytes each."""
    points = _points("g1_lagrange")
    return _decompressed([points[i] for i in reversal(BLOB_POWER)])


@cache
def powers() -> bytes:
    """``s^i G1`` for i below 4,096, 96 bytes each."""
    return _decompressed(list(_points("g1_monomial")))


def compressed() -> tuple[tuple[bytes, ...], ...]:
    """All of it as the file has it: s^i G1, s^i G2, and L_i(s) G1 in the order of the roots."""
    return tuple(map(_points, ("g1_monomial", "g2_monomial", "g1_lagrange")))


@cache
def cell_powers() -> bytes:
    """``s^i G1`` for i below 64: for what is interpolated through a cell."""
    return _decompressed(list(_points("g1_monomial")[:CELL_ELEMENTS]))


def power_in_g2(exponent: int) -> bytes:
    """``s^exponent G2``, compressed, 96 bytes; up to 64."""
    return _points("g2_monomial")[exponent]


def _decompressed(points: list[bytes]) -> bytes:
    words, wrong = decompress(b"".join(points), in_subgroup=False)
    if wrong is not None:  # the file is the ceremony's, so the library computes wrongly
        raise AssertionError(f"point {wrong[0]} of the trusted setup: {wrong[1]}")
    return words

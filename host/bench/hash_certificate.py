"""What the same certificate costs with hash-based signatures (extra `post-quantum`)."""

import time
from collections.abc import Sequence
from hashlib import sha256

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.vote import Checkpoint

GWEI = 32 * 10**9
LOG_INVERSE_RATE = 1
"""The largest rate there is: the fastest prover, and the longest proofs."""


def figures(sizes: Sequence[tuple[str, CertificateSize]]) -> list[JsonObject]:
    """Of each kind: seconds to make the keys, sign, aggregate and verify, and bytes.

    As many votes as the kind has places, of as many voters: so two thirds are always there, and a
    branch is as long as among these. The prover is prepared once.
    """
    import py_lean_multisig as lean

    # Here, since it imports what not every installation has.
    from proofmill.host.network.certificates.post_quantum import (
        Link,
        Voter,
        certify,
        keygen,
        refusal,
        registry_of,
    )

    begun = time.perf_counter()
    prover = lean.Prover(log_inv_rate=LOG_INVERSE_RATE)
    prepared, found = time.perf_counter() - begun, []
    for kind, size in sizes:
        begun = time.perf_counter()
        made = [keygen(sha256(b"%d" % index).digest(), 0, 31) for index in range(size.places)]
        keyed = time.perf_counter()
        voters = [Voter(key, GWEI) for key, _ in made]
        registry = registry_of(voters, bytes(32)).commitment
        link = Link(bytes(32), registry, Checkpoint(1, b"\1" * 32), Checkpoint(2, b"\2" * 32))
        signatures = {index: sign(link.message, 2) for index, (_, sign) in enumerate(made)}
        signed = time.perf_counter()
        certificate = certify(voters, link, signatures, prover)
        proven = time.perf_counter()
        assert not refusal(certificate, registry)
        found.append({
            "kind": kind, "votes": size.places, "prepare_seconds": prepared,
            "key_seconds": keyed - begun, "sign_seconds": signed - keyed,
            "proof_seconds": proven - signed, "verify_seconds": time.perf_counter() - proven,
            "bytes": certificate.size, "signature_bytes": len(next(iter(signatures.values())))})
    return found


def line(found: JsonObject) -> str:
    """One of `figures`, for a reader."""
    return (f"{found['kind']}, post-quantum: {found['votes']} votes of "
            f"{found['signature_bytes']:,} bytes, certificate {found['bytes']:,} bytes; prover "
            "prepared in "
            f"{found['prepare_seconds']:.1f} s, keys {found['key_seconds']:.2f} s, aggregated in "
            f"{found['proof_seconds']:.2f} s, verified in {found['verify_seconds']:.3f} s")

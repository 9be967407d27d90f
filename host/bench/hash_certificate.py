"""What the same certificate costs with hash-based signatures (extra `post-quantum`)."""

import time
from collections.abc import Sequence
from hashlib import sha256
from tempfile import TemporaryDirectory

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.vote import Checkpoint

GWEI = 32 * 10**9
LOG_INVERSE_RATE = 1
"""The largest rate there is: the fastest prover, and the longest proofs."""


def figures(sizes: Sequence[tuple[str, CertificateSize]]) -> list[JsonObject]:
    """Of each kind: seconds to make the keys, sign, aggregate, and for a light node to take the
    certificate in, and bytes: of the certificate, and by how much the light node's files grew.

    As many votes as the kind has places, of as many voters: so two thirds are always there, and a
    branch is as long as among these. The prover is prepared once.
    """
    import py_lean_multisig as lean

    # Here, since it imports what not every installation has.
    from proofmill.host.network.certificates.light_post_quantum import HashLightNode
    from proofmill.host.network.certificates.post_quantum import (
        Link,
        Voter,
        certify,
        keygen,
        registry_of,
    )

    begun = time.perf_counter()
    prover = lean.Prover(log_inv_rate=LOG_INVERSE_RATE)
    prepared, found = time.perf_counter() - begun, []
    for kind, size in sizes:
        keying = time.perf_counter()
        made = [keygen(sha256(b"%d" % index).digest(), 0, 31) for index in range(size.places)]
        keyed = time.perf_counter()
        voters = [Voter(key, GWEI) for key, _ in made]
        registry = registry_of(voters, bytes(32)).commitment
        link = Link(bytes(32), registry, Checkpoint(1, b"\1" * 32), Checkpoint(2, b"\2" * 32))
        signatures = {index: sign(link.message, 2) for index, (_, sign) in enumerate(made)}
        signed = time.perf_counter()
        certificate = certify(voters, link, signatures, prover)
        data, proven = certificate.to_bytes(), time.perf_counter()
        with TemporaryDirectory() as folder:
            light = HashLightNode.start(folder, link.source, int.from_bytes(registry, "big"))
            before, begun = light.bytes, time.perf_counter()
            light.take(light.read(data))
            taken, grown = time.perf_counter() - begun, light.bytes - before
        assert light.known.finalized == link.source and light.known.head == link.target
        found.append({
            "kind": kind, "votes": size.places, "prepare_seconds": prepared,
            "key_seconds": keyed - keying, "sign_seconds": signed - keyed,
            "proof_seconds": proven - signed, "light_seconds": taken, "light_bytes": grown,
            "bytes": len(data), "signature_bytes": len(next(iter(signatures.values())))})
    return found


def line(found: JsonObject) -> str:
    """One of `figures`, for a reader."""
    return (f"{found['kind']}, post-quantum: {found['votes']} votes of "
            f"{found['signature_bytes']:,} bytes, certificate {found['bytes']:,} bytes; prover "
            "prepared in "
            f"{found['prepare_seconds']:.1f} s, keys {found['key_seconds']:.2f} s, aggregated in "
            f"{found['proof_seconds']:.2f} s; a light node takes it in "
            f"{found['light_seconds']:.3f} s and keeps {found['light_bytes']:,} bytes of the epoch")

"""A registry of four places, three voters with companion keys, and votes of them."""

from dataclasses import replace

from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import SignedVote, sign_vote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote

FORK = bytes(range(32))
KEYS = {number: bytes([number + 1] * 32) for number in (0, 2, 3)}
MEMBERS = {number: Member(public_key(key), 32 * 10**9 + number)
           for number, key in KEYS.items()}
TOTAL = 96 * 10**9 + 5
"""What the members have."""
REGISTRY = Registry(2, MEMBERS, unchanging(TOTAL), FORK, 6)
LEFT = Registry(2, {**MEMBERS, 0: replace(MEMBERS[0], active=1)},
                (TOTAL, *(TOTAL - MEMBERS[0].balance,) * 3), FORK, 6)
"""The same, but validator 0 is active in epoch 7 for the last time."""
LINK = Link(FORK, Checkpoint(6, b"\xaa" * 32), Checkpoint(7, b"\xff" * 32), 12345)
WHOLE = CertificateSize(depth=2, places=2, whole=True)
PART = CertificateSize(depth=2, places=2, whole=False)
TAG = 99


def voted(validator: int, link: Link = LINK, slot: int = 57, key: bytes | None = None
          ) -> SignedVote:
    vote = Vote(link, slot + validator, 0, bytes([validator] * 32))
    return sign_vote(key or KEYS[validator], validator, vote)

"""The same certificate with hash-based signatures: XMSS, aggregated by leanMultisig.

What is said is what a certificate of companion keys says: voters of a registry with two thirds of
its balance signed a link from source to target. Here the signatures are XMSS over Poseidon on
KoalaBear, one to an epoch, aggregated into one proof in a hash-based system (extra
`post-quantum`); the registry is a tree of SHA-256, and its branches are shown and not proven, so
voters are named. No pairing and no logarithm is in it. A key may sign once for an epoch: of two
signatures with one XMSS index anybody could make others.

    leaf      SHA-256(XMSS key ‖ balance, 8 bytes)
    registry  SHA-256("proofmill.hash-registry.1" ‖ tree's root ‖ leaves, 8 ‖ total, 8 ‖ domain)
    message   SHA-256("proofmill.hash-vote.1" ‖ domain ‖ next registry ‖ source ‖ target), a
              checkpoint as its epoch in 8 bytes and its root; the highest bit of every fourth byte
              cleared, since the scheme takes words of 31 bits; signed at the target's epoch

As it is kept and sent, numbers big-endian:

    registry: tree's root, leaves, total, domain            32, 8, 8, 32
    next registry, source's epoch and root, target's        32, 8, 32, 8, 32
    number of votes                                         4
    of each: index, XMSS key, balance, branch               4, 32, 8, 32 a node of the tree's depth
    aggregated signature                                    the rest
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

import py_lean_multisig as lean

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.hash_tree import HashTree, is_in
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint

LAST_EPOCH = (1 << 32) - 1
"""XMSS' indices are below 2^32."""
KEY_BYTES = 32
MOST_LEAVES, MOST_VOTES = 1 << 20, 1 << 12
_HEAD = Struct(">32sQQ32s32sQ32sQ32sI")
"""What comes before the votes."""
_VOTE = Struct(f">I{KEY_BYTES}sQ")
"""A vote, without its branch."""


@dataclass(frozen=True)
class Voter:
    """An XMSS public key and its balance, in gwei."""

    key: bytes
    balance: int

    @property
    def leaf(self) -> bytes:
        """What stands for it in a registry's tree."""
        return sha256(self.key + self.balance.to_bytes(8, "big")).digest()


@dataclass(frozen=True)
class Committed:
    """What a registry's commitment is of. `root`: of the tree over `count` voters."""

    root: bytes
    count: int
    total: int
    domain: bytes

    @property
    def commitment(self) -> bytes:
        """32 bytes."""
        return sha256(b"proofmill.hash-registry.1" + self.root + self.count.to_bytes(8, "big")
                      + self.total.to_bytes(8, "big") + self.domain).digest()


@dataclass(frozen=True)
class Link:
    """What voters sign. `next_registry`: the commitment by which votes from the target count."""

    domain: bytes
    next_registry: bytes
    source: Checkpoint
    target: Checkpoint

    @property
    def message(self) -> bytes:
        """32 bytes, of which 248 bits count."""
        said = sha256(b"".join((
            b"proofmill.hash-vote.1", self.domain, self.next_registry, *(
                each.epoch.to_bytes(8, "big") + each.root
                for each in (self.source, self.target))))).digest()
        return bytes(byte & 0x7f if place % 4 == 3 else byte for place, byte in enumerate(said))


@dataclass(frozen=True)
class Vote:
    """A voter with its number in the registry and its branch there."""

    index: int
    voter: Voter
    branch: tuple[bytes, ...]


@dataclass(frozen=True)
class HashCertificate:
    """Votes in the order in which `signature`, of all of them, was made."""

    registry: Committed
    link: Link
    votes: tuple[Vote, ...]
    signature: bytes

    @property
    def stated(self) -> CertificateInputs:
        """What it says, as a certificate of companion keys would; it names no prover."""
        link = self.link
        return CertificateInputs.of(
            int.from_bytes(self.registry.commitment, "big"),
            int.from_bytes(link.next_registry, "big"), link.source, link.target,
            sum(each.voter.balance for each in self.votes), 0)

    @property
    def branch(self) -> tuple[bytes, ...]:
        """None: such a certificate makes its source final only if its target is of the next epoch.
        """
        return ()

    def to_bytes(self) -> bytes:
        """As it is kept and sent. Its registry and its link have one domain."""
        committed, link = self.registry, self.link
        source, target = link.source, link.target
        head = _HEAD.pack(
            committed.root, committed.count, committed.total, committed.domain, link.next_registry,
            source.epoch, source.root, target.epoch, target.root, len(self.votes))
        return b"".join((head, *(
            b"".join((_VOTE.pack(each.index, each.voter.key, each.voter.balance), *each.branch))
            for each in self.votes), self.signature))

    @classmethod
    def from_bytes(cls, data: bytes) -> "HashCertificate":
        """The certificate in these bytes; `ProofmillError` where they are none. Proves nothing."""
        (root, leaves, total, domain, following, source_epoch, source, target_epoch, target,
         count) = _HEAD.unpack(data[:_HEAD.size].ljust(_HEAD.size, b"\0"))
        each_bytes = _VOTE.size + 32 * (leaves - 1).bit_length()
        end = _HEAD.size + count * each_bytes
        if not (1 <= leaves <= MOST_LEAVES and 1 <= count <= MOST_VOTES and end < len(data)):
            raise ProofmillError(
                f"{len(data)} bytes are no certificate with hash-based signatures, of {count} "
                f"votes of {leaves} voters; ask another peer")
        votes = []
        for at in range(_HEAD.size, end, each_bytes):
            index, key, balance = _VOTE.unpack_from(data, at)
            votes.append(Vote(index, Voter(key, balance), tuple(
                data[start:start + 32]
                for start in range(at + _VOTE.size, at + each_bytes, 32))))
        return cls(Committed(root, leaves, total, domain),
                   Link(domain, following, Checkpoint(source_epoch, source),
                        Checkpoint(target_epoch, target)), tuple(votes), data[end:])


def registry_of(voters: Sequence[Voter], domain: bytes) -> Committed:
    """The registry of all voters there are."""
    return Committed(_tree(voters).root, len(voters), sum(each.balance for each in voters), domain)


def _tree(voters: Sequence[Voter]) -> HashTree:
    return HashTree([each.leaf for each in voters])


def certify(voters: Sequence[Voter], link: Link, signatures: dict[int, bytes],
            prover: "lean.Prover") -> HashCertificate:
    """The certificate of signatures, by the voters' numbers.

    Making a `lean.Prover` takes some ten seconds, once. Raises `ProofmillError` where a signature
    does not hold.
    """
    tree = _tree(voters)
    numbers = {voters[index].key: index for index in signatures}
    try:
        keys = [lean.PublicKey.from_bytes(voters[index].key) for index in signatures]
        order, made = prover.aggregate(
            keys, [lean.Signature.from_bytes(each) for each in signatures.values()], link.message,
            link.target.epoch)
    except lean.LeanMultisigError as error:
        raise ProofmillError(f"the votes cannot be aggregated: {error}; leave out those that do "
                             "not verify") from error
    ordered = [numbers[each.to_bytes()] for each in order]
    return HashCertificate(
        registry_of(voters, link.domain), link,
        tuple(Vote(index, voters[index], tuple(tree.branch(index))) for index in ordered),
        made.to_bytes())


def refusal(certificate: HashCertificate, registry: bytes) -> str:
    """Why a certificate does not hold under a registry's commitment, or nothing."""
    link, committed, votes = certificate.link, certificate.registry, certificate.votes
    if committed.commitment != registry or committed.domain != link.domain:
        return "it is of another registry"
    if not link.source.epoch < link.target.epoch <= LAST_EPOCH:
        return "no vote leads from its source to its target"
    if len({each.index for each in votes}) < len(votes) or len(
            {each.voter.key for each in votes}) < len(votes):
        return "a voter or a key is counted twice"
    for each in votes:
        if not is_in(committed.root, committed.count, each.voter.leaf, each.index, each.branch):
            return f"voter {each.index} is not in the registry"
    if 3 * sum(each.voter.balance for each in votes) < 2 * committed.total:
        return "less than two thirds of the balance voted"
    try:
        lean.Verifier().verify(
            [lean.PublicKey.from_bytes(each.voter.key) for each in votes], link.message,
            lean.AggregatedSignature.from_bytes(certificate.signature), link.target.epoch)
    except lean.LeanMultisigError:
        return "the signature does not hold"
    return ""


Sign = Callable[[bytes, int], bytes]
"""From a message and an epoch, a signature."""


def keygen(seed: bytes, first: int, last: int) -> tuple[bytes, Sign]:
    """An XMSS key for the epochs `first` to `last`, from 32 bytes: the public one, and what signs.

    Signing two messages of one epoch gives the key away; who signs has to keep what it signed.
    """
    secret, public = lean.keygen(seed, first, last)
    return public.to_bytes(), lambda message, epoch: lean.sign(secret, message, epoch).to_bytes()

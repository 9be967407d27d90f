"""Bonds of companion keys on an EVM, and the evidence that takes them: `CompanionBonds.vy`.

A beacon chain slashes no companion key, so who wants a false vote to cost its signer something has
a bond put down in a contract. The contract judges as `slashing` does, with the signatures checked
on the machine itself: nobody has to prove anything, and anybody may show two votes.
"""

from collections.abc import Iterable

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.slashing import evidence_refusal
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.poseidon import hash_artifact
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm, Receipt
from proofmill.host.network.evm.contract import Contract
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.eddsa import Signature, sign
from proofmill.host.prover.circuits.finality.statement import SignedVote
from proofmill.host.prover.circuits.finality.vote import Vote
from proofmill.host.prover.circuits.poseidon import poseidon

BOND_DOMAIN = int.from_bytes(b"proofmill.companion-bond.1", "big")
"""Keeps these messages apart from every other use of Poseidon."""
HASHED = (5, 6, 10)
"""Inputs of the Poseidon contracts that the contract calls: a challenge, a vote, a link."""


def deploy_companion_bonds(account: Account, evm: Evm, genesis_validators_root: bytes, least: int,
                           delay: int) -> Contract:
    """The contract for one beacon chain, with bonds of at least `least` wei that are held `delay`
    seconds after their owner leaves. Raises `RevertedError` where either is 0."""
    hashes = [Contract.deploy(account, evm, hash_artifact(inputs)).address for inputs in HASHED]
    return Contract.deploy(account, evm, compiled("CompanionBonds"), *hashes,
                           genesis_validators_root, least, delay)


def bond(account: Account, contract: Contract, secret: bytes, key: Point, validator: int,
         wei: int, chain_id: int) -> Receipt:
    """Put down a bond for the companion key with the private key `secret`; the sender owns it.

    Raises `RevertedError` where the contract refuses.
    """
    message = possession_message(chain_id, contract.address, account.address, validator)
    return contract.send(account, "bond", *key, validator, words_of(sign(secret, message)),
                         value=wei)


def possession_message(chain_id: int, contract: Address, owner: Address, validator: int) -> int:
    """What a key signs to be bonded: ``Poseidon(domain, chain id, contract, owner, validator)``."""
    return poseidon((BOND_DOMAIN, chain_id, int.from_bytes(contract, "big"),
                     int.from_bytes(owner, "big"), validator))


def submit_evidence(account: Account, contract: Contract, key: Point, first: SignedVote,
                    second: SignedVote, versions: Iterable[bytes]) -> Receipt:
    """Take the bond of a key that has signed two votes of which it may sign one.

    `versions`: of the beacon chain's forks, 4 bytes each. Raises `ProofmillError` where the votes
    are no evidence, or of another chain, and `RevertedError` where the contract refuses: the key
    has no bond.
    """
    return contract.send(account, "slash",
                         *evidence_arguments(contract, key, first, second, versions))


def evidence_arguments(contract: Contract, key: Point, first: SignedVote, second: SignedVote,
                       versions: Iterable[bytes]) -> tuple[object, ...]:
    """Of `slash`; `versions` and `ProofmillError` as of `submit_evidence`."""
    if reason := evidence_refusal(key, first, second):
        raise ProofmillError(f"these votes are no evidence: {reason}")
    root = bytes(contract.call("GENESIS_VALIDATORS_ROOT"))
    known = tuple(versions)
    return (*key, *(part for each in (first, second) for part in (
        fields_of(each.vote, fork_version(each.vote, root, known)), words_of(each.signature))))


def fork_version(vote: Vote, genesis_validators_root: bytes, versions: Iterable[bytes]) -> bytes:
    """The version of the fork that a vote is for; `ProofmillError` where it is none of these."""
    for version in versions:
        domain = spec.compute_domain(
            spec.DOMAIN_BEACON_ATTESTER, fork_version=version,
            genesis_validators_root=genesis_validators_root)
        if bytes(domain) == vote.link.fork_domain:
            return version
    raise ProofmillError(
        f"the vote's domain, 0x{vote.link.fork_domain.hex()}, is of no known fork of the chain "
        f"with the genesis validators' root 0x{genesis_validators_root.hex()}; a key may sign on "
        "several chains")


def fields_of(vote: Vote, version: bytes) -> tuple[object, ...]:
    """A vote as the contract's `Vote`."""
    link = vote.link
    return (version, link.next_registry, link.source.epoch, link.source.root, link.target.epoch,
            link.target.root, vote.slot, vote.index, vote.head)


def words_of(signature: Signature) -> tuple[int, int, int]:
    """A signature as the contract's `Signature`."""
    return (*signature.nonce_point, signature.scalar)

"""Bonds of companion keys: what the contract takes as evidence is what `slashing` does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import pytest
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.bonds import (
    HASHED,
    bond,
    deploy_companion_bonds,
    fields_of,
    fork_version,
    possession_message,
    submit_evidence,
    words_of,
)
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.contracts.poseidon import hash_artifact, permutation_source
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.prover.circuits.baby_jubjub import ZERO, Point, add, multiply
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.eddsa import ORDER, Signature, public_key, sign, verify
from proofmill.host.prover.circuits.finality.statement import SignedVote, sign_vote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote
from proofmill.host.prover.circuits.poseidon import poseidon

CHAIN, START, DELAY, LEAST = 1337, 1_000_000, 5_000, 10**18
ROOT = bytes(range(32))
VERSIONS = (b"\x07\0\0\0", b"\x08\0\0\0")
DOMAINS = [bytes(spec.compute_domain(spec.DOMAIN_BEACON_ATTESTER, version, ROOT))
           for version in VERSIONS]
SECRETS = [bytes([number + 1]) * 32 for number in range(8)]
KEYS = [public_key(secret) for secret in SECRETS]
MOST_GAS = 2_300_000
"""Of a call with evidence."""


@dataclass
class World:
    """A machine with the contract, the owner of bonds, and somebody else."""

    evm: EmbeddedEvm
    owner: Account
    other: Account
    contract: Contract

    def bond(self, number: int) -> None:
        bond(self.owner, self.contract, SECRETS[number], KEYS[number], number, LEAST, CHAIN)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    owner, other = (bytes(keccak(name)) for name in (b"owner", b"other"))
    evm = EmbeddedEvm(CHAIN, {address_of(key): 10**24 for key in (owner, other)}, START)
    account = Account(evm, owner)
    yield World(evm, account, Account(evm, other),
                deploy_companion_bonds(account, evm, ROOT, LEAST, DELAY))


def vote(source: int = 3, target: int = 4, slot: int = 33, fork: int = 0, head: int = 1) -> Vote:
    link = Link(DOMAINS[fork], Checkpoint(source, b"\xee" * 32), Checkpoint(target, b"\x01" * 32),
                MODULUS - 2)
    return Vote(link, slot, 0, bytes([head]) * 32)


def signed(number: int, what: Vote) -> SignedVote:
    return sign_vote(SECRETS[number], number, what)


def test_hashes_of_contracts_are_those_of_circuits(world: World) -> None:
    draw = Random(5)
    for inputs in HASHED:
        contract = Contract.deploy(world.owner, world.evm, hash_artifact(inputs))
        for numbers in ([0] * inputs, [MODULUS - 1] * inputs,
                        [draw.randrange(MODULUS) for _ in range(inputs)]):
            assert contract.call("hash", numbers) == poseidon(numbers)
        with pytest.raises(RevertedError, match="not below r"):
            contract.call("hash", [*[0] * (inputs - 1), MODULUS])
    with pytest.raises(ProofmillError, match="takes 1 to 10 inputs, not 11"):
        permutation_source(12)


def test_messages_are_those_that_keys_sign(world: World) -> None:
    for what, version in ((vote(), VERSIONS[0]), (vote(0, 2**64 - 1, 5, 1, 255), VERSIONS[1])):
        assert fork_version(what, ROOT, VERSIONS) == version
        assert world.contract.call("message", fields_of(what, version)) == what.message
    owner = world.owner.address
    assert world.contract.call("possession_message", owner, 7) == possession_message(
        CHAIN, world.contract.address, owner, 7)


def test_signatures_are_judged_as_here(world: World) -> None:
    draw = Random(7)
    message = draw.randrange(MODULUS)
    right = sign(SECRETS[0], message)
    small = Point(0, MODULUS - 1)  # of order 2
    cases = [
        (KEYS[0], message, right), (KEYS[0], message + 1, right), (KEYS[1], message, right),
        (KEYS[0], MODULUS - 1, sign(SECRETS[0], MODULUS - 1)),
        (KEYS[0], message, replace(right, scalar=right.scalar + 1)),
        (KEYS[0], message, replace(right, scalar=right.scalar + ORDER)),
        (KEYS[0], message, replace(right, nonce_point=KEYS[1])),
        (KEYS[0], message, replace(right, nonce_point=Point(1, 1))),
        # R with a part of small order, and a key with one: circomlib's equation sees the first.
        (KEYS[0], message, replace(right, nonce_point=add(right.nonce_point, small))),
        (add(KEYS[0], small), message, right), (small, message, Signature(ZERO, 0)),
        (ZERO, message, Signature(ZERO, 0)), (KEYS[0], 0, sign(SECRETS[0], 0))]
    found = set()
    for key, number, signature in cases:
        expected = verify(key, number, signature)
        assert world.contract.call("has_signed", *key, number, words_of(signature)) is expected
        found.add(expected)
    assert found == {True, False}
    key, secret = add(KEYS[3], small), SECRETS[3]
    signature = sign(secret, message)
    assert multiply(key, 8) == multiply(KEYS[3], 8) and not verify(key, message, signature)


def test_two_votes_for_one_epoch_cost_the_bond(world: World) -> None:
    world.bond(0)
    contract, zero = world.contract, bytes(20)
    burned, before = world.evm.balance(zero), world.evm.balance(world.other.address)
    receipt = submit_evidence(world.other, contract, KEYS[0], signed(0, vote()),
                              signed(0, vote(head=2)), VERSIONS)
    assert receipt.gas_used <= MOST_GAS
    (event,) = contract.events(receipt)
    assert event.name == "Slashed" and event.values["validator"] == 0
    assert (event.values["bounty"], event.values["burned"]) == (LEAST // 8, LEAST - LEAST // 8)
    assert world.evm.balance(zero) - burned >= LEAST - LEAST // 8
    assert world.evm.balance(world.other.address) > before + LEAST // 8 - 10**17
    assert world.evm.balance(contract.address) == 0
    assert contract.call("bonds", *KEYS[0])["amount"] == 0
    with pytest.raises(RevertedError, match="has no bond"):
        submit_evidence(world.other, contract, KEYS[0], signed(0, vote()), signed(0, vote(head=2)),
                        VERSIONS)


def test_a_vote_around_another_costs_it_too(world: World) -> None:
    """In its order, on two forks of one chain, and while the bond is leaving."""
    world.bond(1)
    contract = world.contract
    contract.send(world.owner, "leave", *KEYS[1])
    wide, narrow = signed(1, vote(3, 7, fork=1)), signed(1, vote(4, 6))
    with pytest.raises(ProofmillError, match="no evidence: a validator may sign both"):
        submit_evidence(world.other, contract, KEYS[1], narrow, wide, VERSIONS)
    with pytest.raises(RevertedError, match="a validator may sign both votes"):
        contract.send(world.other, "slash", *KEYS[1], *call(narrow), *call(wide, 1))
    receipt = submit_evidence(world.other, contract, KEYS[1], wide, narrow, VERSIONS)
    assert receipt.gas_used <= MOST_GAS


def call(what: SignedVote, fork: int = 0) -> tuple[object, object]:
    return fields_of(what.vote, VERSIONS[fork]), words_of(what.signature)


def test_what_is_no_evidence(world: World) -> None:
    world.bond(2)
    right, other = signed(2, vote()), signed(2, vote(head=2))
    for first, second, reason in (
            (call(right), call(right), "may sign both votes"),
            (call(right), call(signed(2, vote(4, 5))), "may sign both votes"),
            (call(signed(3, vote())), call(other), "not signed the first vote"),
            (call(right), call(signed(3, vote(head=2))), "not signed the second vote"),
            (call(right), (call(other)[0], call(right)[1]), "not signed the second vote"),
            # The same votes as of another fork, or of another chain, are other messages.
            (call(right), call(other, 1), "not signed the second vote")):
        with pytest.raises(RevertedError, match=reason):
            world.contract.send(world.other, "slash", *KEYS[2], *first, *second)
    foreign = vote(head=2)
    foreign = replace(foreign, link=replace(foreign.link, fork_domain=b"\x01" + bytes(31)))
    with pytest.raises(ProofmillError, match="no known fork of the chain"):
        submit_evidence(world.other, world.contract, KEYS[2], right, signed(2, foreign), VERSIONS)
    assert world.contract.call("bonds", *KEYS[2])["amount"] == LEAST


def test_a_bond_is_its_owners_and_comes_back(world: World) -> None:
    contract, key = world.contract, KEYS[4]
    mine = words_of(sign(SECRETS[4], possession_message(
        CHAIN, contract.address, world.owner.address, 4)))
    for arguments, value, reason in (
            ((*key, 4, mine), LEAST - 1, "too small"), ((*key, 5, mine), LEAST, "not signed this"),
            ((*key, 2**64, mine), LEAST, "no validator"),
            ((*KEYS[5], 4, mine), LEAST, "not signed this"),
            ((0, MODULUS - 1, 4, mine), LEAST, "large order"),
            ((1, 1, 4, mine), LEAST, "large order")):
        with pytest.raises(RevertedError, match=reason):
            contract.send(world.owner, "bond", *arguments, value=value)
    with pytest.raises(RevertedError, match="not signed this"):
        contract.send(world.other, "bond", *key, 4, mine, value=LEAST)
    contract.send(world.owner, "bond", *key, 4, mine, value=LEAST)
    with pytest.raises(RevertedError, match="has a bond"):
        contract.send(world.owner, "bond", *key, 4, mine, value=LEAST)
    for name in ("leave", "withdraw"):
        with pytest.raises(RevertedError, match="not the sender's"):
            contract.send(world.other, name, *key)
    with pytest.raises(RevertedError, match="not left yet"):
        contract.send(world.owner, "withdraw", *key)
    contract.send(world.owner, "leave", *key)
    with pytest.raises(RevertedError, match="leaves already"):
        contract.send(world.owner, "leave", *key)
    with pytest.raises(RevertedError, match="not left yet"):
        contract.send(world.owner, "withdraw", *key)
    world.evm.next_block(world.evm.block().timestamp + DELAY)
    contract.send(world.owner, "withdraw", *key)
    assert contract.call("bonds", *key)["amount"] == 0


@pytest.mark.parametrize("least, delay", ((0, DELAY), (LEAST, 0)))
def test_a_bond_of_nothing_is_none(world: World, least: int, delay: int) -> None:
    with pytest.raises(RevertedError):
        deploy_companion_bonds(world.owner, world.evm, ROOT, least, delay)

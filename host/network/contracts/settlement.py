"""The most gas that the protocol's call at the start of a block can use, constructed.

There are as many provers as there are places and a committee as large as there may be. In an epoch
every slot's primary and committee miss; in the open stage 16 others, other ones in every slot, have
valid proofs in one block, and all the rest sign invalid ones, which are reported there. So every
slot has a full draw, and the epoch all penalties that it can have. Then the chain goes on until all
of them are settled, and stands still for as many slots as one call looks back over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from eth_hash.auto import keccak

from proofmill.host.ground.units import BPS, ETHER, Wei
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.deployment import (
    NO_STATEMENT,
    Clock,
    Layer,
    deploy_layer,
    on_block,
)
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.parameters import Defences, Parameters

CHAIN_ID = 1337
GENESIS_TIME = 1_000_000
SECONDS = 100_000
"""A slot; each report is a block of its own, one second after the one before."""
MOST_PROVERS, MOST_COMMITTEE = 128, 8
MOST_SLOTS = 64
"""Slots that one call looks through for payloads that were not opened."""
BOND = 1_000 * ETHER
PROOF, NO_PROOF = [1] + [0] * 7, [0] * 8
CANDIDATES = 16
"""Valid proofs of a slot that one block takes."""
TAKES_ONES = """# pragma version ^0.4.0
@external
@view
def verify(proof: uint256[8], signals: uint256[4]) -> bool:
    return proof[0] == 1

@external
@view
def tag(slot: uint64, prover: uint64, reward_address: address) -> uint256:
    return 0
"""
"""A verifier and a tag that are quick: what is measured is what comes after proofs."""

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Call:
    """A call at the start of the block of `slot`, what was `done` before it, and its gas."""

    slot: int
    done: str
    gas: int


class Worst:
    """A layer of maximal size whose provers all fail."""

    def __init__(self, provers: int = MOST_PROVERS, parameters: Parameters | None = None) -> None:
        """Create it and register the provers, 1 to 128; some seconds."""
        self.parameters = parameters or Parameters(
            committee_size=MOST_COMMITTEE, defences=Defences(calibration=False))
        self._key = bytes(keccak(b"the worst settlement"))
        self.evm = EmbeddedEvm(CHAIN_ID, {address_of(self._key): 10**9 * ETHER},
                               GENESIS_TIME - 1_000)
        self.owner = Account(self.evm, self._key)
        verifier = Contract.deploy(self.owner, self.evm, compile_source("takes ones", TAKES_ONES))
        self.layer: Layer = deploy_layer(
            self.owner, self.evm, verifier.address, Clock(GENESIS_TIME, SECONDS), self.parameters,
            ETHER, CHAIN_ID, tag=compile_source("takes ones", TAKES_ONES))
        self.provers = provers
        for number in range(provers):
            self.layer.bonds.send(self.owner, "register", _address(number), value=BOND)
        self._parent = NO_STATEMENT
        self.slot = 0

    def advance(self, to: int | None = None) -> int:
        """The next block, or that of a later slot; the gas of the protocol's call."""
        self.slot = self.slot + 1 if to is None else to
        # Another proposer in each slot: its bounties go to an address that has none so far.
        self.evm.next_block(GENESIS_TIME + self.slot * SECONDS,
                            b"\x99" * 16 + self.slot.to_bytes(4, "big"))
        self.evm.system_call(self.layer.consensus.address,
                             on_block(self.layer.consensus, self._parent, 0))
        self._parent = replace(
            NO_STATEMENT, slot=self.slot, payload_root=self.slot.to_bytes(32, "big"),
            base_wei=Wei(ETHER // 10), load_bps=BPS, proposer=b"\x01" * 20)
        return self.evm.executed(self.evm.head).system_gas

    def prove_and_forge(self, slot: int, told: Told) -> int:
        """All provers' proofs of `slot`, 16 of them valid, in a block of its open stage; how many
        penalties that are."""
        first = slot * CANDIDATES % self.provers
        valid = {(first + number) % self.provers for number in range(CANDIDATES)}
        for number in sorted(set(range(self.provers)) - valid):
            told(f"forging proofs of slot {slot}", number, self.provers)
            self.forge(slot, number)
        for number in sorted(valid):
            self.layer.rewards.send(self.owner, "submit", slot, number, PROOF)
        return self.provers - len(valid)

    def forge(self, slot: int, prover: int) -> None:
        """`prover` has signed an invalid proof, and somebody shows it."""
        root = self.layer.rewards.call("record", slot)["payload_root"]
        signed = self.owner.sign_hash(
            self.layer.rewards.call("signed_digest", slot, root, prover, NO_PROOF))
        self.layer.rewards.send(
            self.owner, "report_invalid", slot, prover, NO_PROOF, signed[64],
            int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"))

    def failed(self) -> int:
        """Calls to the contracts that failed."""
        return int(self.layer.consensus.call("failed_hooks"))

    @property
    def settled_epochs(self) -> int:
        """How many epochs are settled, from the first."""
        return int(self.layer.rewards.call("settled_epochs"))


def measure(
    provers: int = MOST_PROVERS, parameters: Parameters | None = None, told: Told | None = None
) -> Iterator[Call]:
    """Every call of the history above with so many provers (17 to 128); about a minute.

    `told`: what is done, how much of it, of how much.
    """
    told = told or (lambda what, done, of: None)
    told("registering provers", 0, 1)
    worst = Worst(provers, parameters)
    rules = worst.parameters
    opens = rules.committee_blocks + 1
    first, last = rules.slots_per_epoch, 2 * rules.slots_per_epoch
    penalties = 0
    for slot in range(1, last + opens):
        told("proving and forging", slot, last + opens)
        yield Call(slot, "a slot before: nothing, or proofs in full", worst.advance())
        if first <= slot - opens < last:
            penalties += worst.prove_and_forge(slot - opens, told)
    epoch = worst.settled_epochs
    while worst.settled_epochs <= max(1, epoch):
        told("settling", 0, 1)
        yield Call(worst.slot + 1, f"an epoch of {penalties} reports settled in parts",
                   worst.advance())
    for gap in (MOST_SLOTS, MOST_SLOTS, 1):
        told("standing still", 0, 1)
        yield Call(worst.slot + gap, f"{gap} slots after the last block",
                   worst.advance(worst.slot + gap))
    assert worst.failed() == 0, "a call to the contracts failed"


def _address(number: int) -> bytes:
    return b"\x77" * 19 + number.to_bytes(1, "big")

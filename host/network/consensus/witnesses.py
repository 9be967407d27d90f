"""Witnesses of when a proof was there: what a slot's validators sign at three quarters of it.

The witnesses of a slot are the members of its beacon committees, so every validator is one once an
epoch. Of each proof that they have, for a payload of their branch, they sign one `ProofWitness`,
with their BLS keys under a domain of its own. Votes that say the same are added up, as attestations
are, and carried by payloads (`second_layer.witnessed_proofs`) once those who signed are more than
half of the slot's witnesses by effective balance.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from proofmill.host.network.consensus.duties import Signers, at_slot, committees_of
from proofmill.host.network.consensus.keys import sign_together
from proofmill.host.network.consensus.refusal import Invalid
from proofmill.host.network.consensus.spec import bls, spec

DOMAIN_WITNESS = spec.DomainType(bytes.fromhex("70667701"))
"""Has the specification's DOMAIN_APPLICATION_MASK (0x00000001), so it is none of its own."""
MOST_WITNESSES = int(spec.MAX_VALIDATORS_PER_COMMITTEE) * int(spec.MAX_COMMITTEES_PER_SLOT)
"""Of a slot."""
MOST_SIGNED = 64
"""Proofs of which a validator is heard as the witness of a slot."""
KEPT_SLOTS = 8 * int(spec.SLOTS_PER_EPOCH)
"""For how many slots votes are kept, for blocks that say what earlier ones left out."""


class ProofWitness(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """In `slot` the prover's proof of the payload that `proven_slot` has, which `payload_root`
    names as EIP-8025 does, was there. `prover`: the number of its bond."""

    slot: spec.Slot
    proven_slot: spec.Slot
    payload_root: spec.Root
    prover: spec.Uint64


class WitnessVote(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """A `ProofWitness` signed by some witnesses: a bit for each of the slot, committee after
    committee, and the aggregate of their signatures."""

    message: ProofWitness
    bits: spec.BitList[MOST_WITNESSES]
    signature: spec.BLSSignature


Named = tuple[int, int, bytes, int]
"""What a `ProofWitness` says, in the order in which payloads have them."""


def named(message: ProofWitness) -> Named:
    """The values of a message."""
    return (int(message.slot), int(message.proven_slot), bytes(message.payload_root),
            int(message.prover))


def witnesses_of(state: spec.BeaconState, slot: int) -> list[int]:
    """The validators that witness in `slot`, by the branch that ends in `state`."""
    epoch = spec.compute_epoch_at_slot(spec.Slot(slot))
    if epoch > spec.get_current_epoch(state) + 1:
        # Nobody's block has changed anything since, but mixes and balances go on with the epochs.
        state = at_slot(state, int(spec.compute_start_slot_at_epoch(epoch)))
    return [member for committee in committees_of(state, slot) for member in committee]


def sign(signers: Signers, state: spec.BeaconState, message: ProofWitness) -> WitnessVote | None:
    """The vote of those witnesses whose keys are at hand; None where there are none."""
    members = witnesses_of(state, int(message.slot))
    voting = [member for member in members if member in signers]
    if not voting:
        return None
    return WitnessVote(
        message=message, bits=[member in signers for member in members],
        signature=sign_together((signers[member] for member in voting),
                                _signing_root(state, message)))


def check(state: spec.BeaconState, vote: WitnessVote) -> list[int]:
    """Who has signed a vote: `Invalid` where it is of no slot's witnesses, or not signed by those
    that it names. `state`: as for `witnesses_of`."""
    message = vote.message
    if message.proven_slot > message.slot:
        raise Invalid(f"a witness of slot {message.slot} names the payload of slot "
                      f"{message.proven_slot}, which comes later")
    members = witnesses_of(state, int(message.slot))
    if len(vote.bits) != len(members):
        raise Invalid(f"slot {message.slot} has {len(members)} witnesses, and the vote "
                      f"{len(vote.bits)} bits")
    signed = [member for member, bit in zip(members, vote.bits, strict=True) if bit]
    keys = [state.validators[member].pubkey for member in signed]
    if not keys or not bls.FastAggregateVerify(
            keys, _signing_root(state, message), vote.signature):
        raise Invalid(f"witnesses of slot {message.slot} did not sign what they are named for")
    return signed


def is_majority(state: spec.BeaconState, members: Iterable[int], signed: Iterable[int]) -> bool:
    """Whether these are more than half of a slot's `members`, by effective balance."""
    def stake(validators: Iterable[int]) -> int:
        return sum(int(state.validators[each].effective_balance) for each in validators)

    return 2 * stake(signed) > stake(members)


@dataclass
class _Heard:
    """What was heard of one message: parts that nobody has signed two of."""

    message: ProofWitness
    parts: list[WitnessVote] = field(default_factory=list)
    signed: set[int] = field(default_factory=set)

    def vote(self) -> WitnessVote:
        """All of it as one vote."""
        if len(self.parts) == 1:
            return self.parts[0]
        return WitnessVote(
            message=self.message,
            bits=[any(bits) for bits in zip(*(part.bits for part in self.parts), strict=True)],
            signature=bls.Aggregate([part.signature for part in self.parts]))


class WitnessPool:
    """The votes that a node has heard, of the latest slots."""

    def __init__(self) -> None:
        self._heard: dict[Named, _Heard] = {}
        self._signed: dict[tuple[int, int], int] = {}
        """By slot and validator, how many proofs."""

    def hear(self, state: spec.BeaconState, vote: WitnessVote) -> str:
        """Take a vote in: why it brings nothing, or "". `Invalid` as `check` says."""
        signed, slot = check(state, vote), int(vote.message.slot)
        heard = self._heard.get(named(vote.message)) or _Heard(vote.message)
        if not heard.signed.isdisjoint(signed):
            return "some of it is known, and signatures cannot be taken apart"
        if any(self._signed.get((slot, member), 0) >= MOST_SIGNED for member in signed):
            return "its witness has signed for too many proofs"
        for member in signed:
            self._signed[slot, member] = self._signed.get((slot, member), 0) + 1
        heard.parts.append(vote)
        heard.signed.update(signed)
        self._heard[named(vote.message)] = heard
        return ""

    def votes(self, state: spec.BeaconState, before: int,
              wanted: Callable[[Named], bool] = lambda name: True) -> Iterator[WitnessVote]:
        """What more than half of the witnesses of slots before `before` have signed, in the order
        of the messages, by the branch that ends in `state`; of what is `wanted` alone."""
        for name in sorted(self._heard):
            if name[0] < before and wanted(name) and self._holds(state, name):
                yield self._heard[name].vote()

    def first(self, state: spec.BeaconState, payload_root: bytes, prover: int) -> int | None:
        """The first slot of which more than half of the witnesses have signed for a proof, by the
        branch that ends in `state`; None for none."""
        return next((name[0] for name in sorted(self._heard)
                     if name[2:] == (payload_root, prover) and self._holds(state, name)), None)

    def forget(self, slot: int) -> None:
        """Drop what is too old in `slot`."""
        oldest = slot - KEPT_SLOTS
        self._heard = {name: heard for name, heard in self._heard.items() if name[0] >= oldest}
        self._signed = {name: count for name, count in self._signed.items() if name[0] >= oldest}

    def _holds(self, state: spec.BeaconState, name: Named) -> bool:
        """Whether those who have signed are more than half of this branch's witnesses: on another
        the bits are other validators'."""
        signed, members = self._heard[name].signed, witnesses_of(state, name[0])
        return signed <= set(members) and is_majority(state, members, signed)


def _signing_root(state: spec.BeaconState, message: ProofWitness) -> spec.Root:
    domain = spec.compute_domain(
        DOMAIN_WITNESS, spec.config.GENESIS_FORK_VERSION, state.genesis_validators_root)
    return spec.compute_signing_root(message, domain)

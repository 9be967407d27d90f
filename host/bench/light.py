"""A light node beside the specification's state transition, over many epochs of trouble.

After every epoch the certificates of what the chain has justified are made and taken in, and the
final checkpoint is compared with the specification's. Their statements are those of the definition
in plain integers (`finality.statement.state_votes`), which is what the circuit proves; signatures
of companion keys are made and checked in every `signed_every`-th epoch, and in those that real
proofs are made of. An adversary (`light_adversary`) tries in every epoch to have something else
taken.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from proofmill.host.bench.light_adversary import UNSIGNED, Adversary
from proofmill.host.bench.troubled_chain import VALIDATORS, Ballot, Events, TroubledChain, unsigned
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.between import branch_between
from proofmill.host.network.certificates.certificate import (
    Certificate,
    certificate_prover,
    proof_refusal,
)
from proofmill.host.network.certificates.companion import companion_secret, registry_of
from proofmill.host.network.certificates.rule import GENESIS, Finality
from proofmill.host.network.certificates.votes import checkpoint_of, vote_of
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certifier import places_for
from proofmill.host.network.node.companions import enough
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.statement import (
    CertificateInputs,
    SignedVote,
    sign_vote,
    state_votes,
    unsigned_refusal,
    vote_refusal,
)
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Progress
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.zkey import read_zkey

SIZE = places_for(VALIDATORS)
"""As a devnet of so many validators has it: 259,120 constraints."""
TAG = 1
EPOCHS_A_CHAIN = 125

@dataclass
class Comparison:
    """What came of it. `behind` and `false`: epochs in which the light node's final checkpoint was
    an older one, or none of the specification's; `missing`: justified epochs of which no
    certificate could be made. `over_two`: certificates that came with a branch; `passed_over`:
    those from a source of which there is none. `attempts`: of the adversary, by kind; `taken`: of
    those, what changed anything."""

    epochs: int = 0
    certificates: int = 0
    over_two: int = 0
    passed_over: int = 0
    signed: int = 0
    behind: list[int] = field(default_factory=list)
    false: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    taken: list[str] = field(default_factory=list)
    events: Events = field(default_factory=Events)

    @property
    def disagreements(self) -> int:
        """Epochs with another final checkpoint than the specification's."""
        return len(self.behind) + len(self.false)

    def add(self, events: Events) -> None:
        """Count what happened on one more chain."""
        self.events = Events(**{each.name: getattr(self.events, each.name)
                                + getattr(events, each.name) for each in fields(Events)})

    def as_data(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "attempts": dict(self.attempts),
                "disagreements": self.disagreements}


class LightRun:
    """One chain and one light node, which begins with the genesis state's registry."""

    places = SIZE.places

    def __init__(self, seed: int, found: Comparison, signed_every: int,
                 proofs: "Proofs | None" = None) -> None:
        """`signed_every`: in one of so many epochs signatures are made and checked. `proofs`: makes
        real certificates in those epochs."""
        self.chain = TroubledChain(seed)
        self.found, self._signed_every, self.proofs = found, signed_every, proofs
        self.proven: Certificate | None = None
        """Of this epoch."""
        self._secrets = [companion_secret(each) for each in derive_keys(seed, VALIDATORS)]
        self._companions = {index: public_key(each) for index, each in enumerate(self._secrets)}
        self._registries: dict[Checkpoint, Registry] = {}
        self.known = Finality.start(GENESIS, self.registry_at(GENESIS).commitment)

    def registry_at(self, checkpoint: Checkpoint) -> Registry:
        """The registry of a checkpoint's state."""
        if checkpoint not in self._registries:
            root = self.chain.head if checkpoint == GENESIS else checkpoint.root
            self._registries[checkpoint] = registry_of(
                self.chain.start_state(root, checkpoint.epoch), self._companions, SIZE.depth)
        return self._registries[checkpoint]

    def epoch(self) -> None:
        """Run an epoch, take in what was justified, compare, and let the adversary try."""
        with unsigned():
            state = self.chain.epoch()
        epoch, found = self.chain.slot // int(spec.SLOTS_PER_EPOCH) - 1, self.found
        self.proven = None
        with_signatures = found.epochs % self._signed_every == 0
        for back in (1, 0):
            if epoch >= back and state.justification_bits[back]:
                target = Checkpoint(epoch - back, bytes(spec.get_block_root(state, epoch - back)))
                if target not in self.known.justified and \
                        target.epoch > self.known.finalized.epoch:
                    self._certify(target, with_signatures)
        final = checkpoint_of(state.finalized_checkpoint)
        if self.known.finalized != final:
            (found.behind if self.known.finalized.epoch < final.epoch else found.false).append(
                found.epochs)
        found.epochs += 1
        own = Checkpoint(epoch, bytes(spec.get_block_root(state, epoch)))
        self._attack(Adversary(self, own).attempts())
        self._registries = {each: registry for each, registry in self._registries.items()
                            if each.epoch >= self.known.finalized.epoch}

    def votes_for(self, target: Checkpoint) -> Iterator[tuple[Registry, Link, list[Ballot]]]:
        """What was signed for a checkpoint, from each source whose votes count: the registry by
        which they do, the link, and a validator's first vote for it."""
        found: dict[Checkpoint, dict[int, Ballot]] = {}
        for ballot in self.chain.ballots.get(target.epoch, ()):
            if checkpoint_of(ballot.data.target) == target:
                found.setdefault(checkpoint_of(ballot.data.source), {}).setdefault(
                    ballot.validator, ballot)
        for source, by_validator in found.items():
            registry, ballots = self._counting(source, target), list(by_validator.values())
            if registry is not None:
                yield registry, vote_of(ballots[0].data, self.registry_at).link, ballots

    def _counting(self, source: Checkpoint, target: Checkpoint) -> Registry | None:
        """The registry by which votes from one to the other count, if there is one."""
        if source != GENESIS and source.root not in self.chain.states:
            return None
        found = self.known.counting(source, target.epoch)
        return None if found is None else self.registry_at(found)

    def signed(self, ballot: Ballot, signatures: bool) -> SignedVote:
        """A vote with its companion key's signature, or, for the definition alone, none."""
        vote = vote_of(ballot.data, self.registry_at)
        if signatures:
            return sign_vote(self._secrets[ballot.validator], ballot.validator, vote)
        return SignedVote(ballot.validator, vote, UNSIGNED)

    def state(self, registry: Registry, link: Link, votes: list[SignedVote], signatures: bool
              ) -> CertificateInputs:
        """What votes prove; raises `ProofmillError` where they prove nothing."""
        return state_votes(SIZE, registry, link, votes, TAG,
                           vote_refusal if signatures else unsigned_refusal)

    def _attack(self, attempts: Iterable[tuple[str, Callable[[], Finality]]]) -> None:
        """Count what an adversary tries, and what it has taken."""
        for name, attempt in attempts:
            self.found.attempts[name] += 1
            try:
                after = attempt()
            except ProofmillError:
                continue
            if after != self.known:
                self.found.taken.append(f"{name} in epoch {self.found.epochs}")

    def _certify(self, target: Checkpoint, signatures: bool) -> None:
        for registry, link, ballots in self.votes_for(target):
            chosen = enough(registry, link, [self.signed(each, False) for each in ballots],
                            SIZE.places)
            if not chosen:
                continue
            if signatures:
                by_number = {each.validator: each for each in ballots}
                chosen = [self.signed(by_number[each.validator], True) for each in chosen]
                self.found.signed += 1
            stated = self.state(registry, link, chosen, signatures)
            if signatures and self.proofs is not None:
                self.proven = self.proofs.make(registry, link, chosen, stated)
            self.found.passed_over += not self.known.justified.get(link.source)
            branch: tuple[bytes, ...] = ()
            if target.epoch == link.source.epoch + 2:
                self.found.over_two += 1
                branch = branch_between(self.chain.blocks[target.root],
                                        self.chain.states[target.root], target.epoch - 1)
            self.known = self.known.after(stated, branch)
            self.found.certificates += 1
            return
        self.found.missing.append(self.found.epochs)


def compare(found: Comparison, epochs: int, seed: int, signed_every: int,
            proofs: "Proofs | None", progress: Progress) -> None:
    """Compare over so many epochs, on chains of `EPOCHS_A_CHAIN` with seeds from `seed` on; what
    comes of it is in `found`, of a run that is broken off as well, but for its last chain's events.
    """
    for number in range(-(-epochs // EPOCHS_A_CHAIN)):
        run = LightRun(seed + number, found, signed_every, proofs)
        for _ in range(min(EPOCHS_A_CHAIN, epochs - number * EPOCHS_A_CHAIN)):
            run.epoch()
            progress(found.epochs, epochs)
        found.add(run.chain.events)


class Proofs:
    """Proves the first certificates that it is asked for, and verifies the proofs."""

    def __init__(self, folder: Path, count: int) -> None:
        """`folder`: for the key. Circuit and key take a minute or more of a processor."""
        self.count, self.verified, self.seconds = count, 0, list[float]()
        circuit = FinalityCircuit(SIZE)
        path = folder / "certificates.zkey"
        development_setup(circuit.r1cs, path, bytes(32))
        self._key = read_zkey(path)
        self._prove = certificate_prover(circuit, Prover(self._key, CpuDevice()))

    def make(self, registry: Registry, link: Link, votes: list[SignedVote],
             stated: CertificateInputs) -> Certificate | None:
        """The certificate of these votes, while there are proofs to make."""
        if len(self.seconds) == self.count:
            return None
        begun = time.perf_counter()
        made = self._prove(registry, link, votes, TAG)
        self.seconds.append(time.perf_counter() - begun)
        self.verified += made.stated == stated and not self.refusal(made)
        return made

    def refusal(self, certificate: Certificate) -> str:
        """Why a certificate's proof does not hold, or nothing."""
        return proof_refusal(self._key.verification_key, certificate)

"""Light nodes over the devnet's network take what holds, whoever sends it, and say who lied how."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from proofmill.host.ground.errors import StorageError
from proofmill.host.network.certificates.certificate import Certificate, certificate_prover
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.consensus.block_proofs import proof_to_bytes
from proofmill.host.network.node.certificate_exchange import ANSWER_SECONDS, CertificateExchange
from proofmill.host.network.node.certificate_messages import CertificateRange, CertificateRequest
from proofmill.host.network.node.gossip import Gossip, Reception
from proofmill.host.network.node.identity import Identity, called, contexts, new_identity
from proofmill.host.network.node.light_outcome import MOST_BYTES, light_rows
from proofmill.host.network.node.light_peer import ASK_MS, NOTE_MS, LightPeer, LightSetup
from proofmill.host.network.node.node import SlotView
from proofmill.host.network.node.process import Trusted
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.inputs import certificate_inputs
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import (
    CertificateInputs,
    SignedVote,
    sign_vote,
)
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.evaluation import Evaluator
from proofmill.host.prover.groth16.prove import Prover, assemble
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.sums import KeyOnDevice
from tests.host.network.node.storage_faults import no_byte_more
from tests.host.network.node.test_gossip import until

FORK, TAG = bytes(32), 7
SIZE = CertificateSize(depth=2, places=2, whole=True)
KEYS = {index: bytes([index + 1]) * 32 for index in range(3)}
STAKES = {0: 48, 1: 20, 2: 28}
"""Of 96: the first two make two thirds, the first and the last too, the others do not."""
FIRST, LAST = 4, 7


def registry(epoch: int, keys: dict[int, bytes] = KEYS) -> Registry:
    return Registry(2, {index: Member(public_key(key), STAKES[index])
                        for index, key in keys.items()}, unchanging(96), FORK, epoch)


def checkpoint(epoch: int, branch: int = 0) -> Checkpoint:
    return Checkpoint(epoch, bytes([epoch, branch]) * 16)


def link(epoch: int, branch: int = 0, following: Registry | None = None) -> Link:
    """To `epoch` from the one before."""
    return Link(FORK, checkpoint(epoch - 1), checkpoint(epoch, branch),
                (following or registry(epoch)).commitment)


def votes(of: Link, voters: Sequence[int], keys: dict[int, bytes] = KEYS) -> list[SignedVote]:
    vote = Vote(of, 8 * of.target.epoch, 0, of.target.root)
    return [sign_vote(keys[index], index, vote) for index in voters]


@dataclass
class Made:
    """The circuit, its key, and certificates by epoch."""

    circuit: FinalityCircuit
    key: ProvingKey
    honest: dict[int, Certificate]
    own_registry: Certificate

    def forced(self, of: Link, signed: Sequence[SignedVote], weight: int) -> Certificate:
        """What a prover sends whose witness the circuit refuses: the sums all the same."""
        known = registry(of.source.epoch)
        public = CertificateInputs.of(known.commitment, of.next_registry, of.source,
                                      of.target, weight, TAG)
        witness = to_limbs(self.circuit.system.witness(
            certificate_inputs(self.circuit, known, of, signed, public)))
        private = witness[self.key.public + 1:]
        device = CpuDevice(threads=1)
        results = KeyOnDevice(device, self.key).run(
            [witness, witness, witness, private, Evaluator(self.key).quotient(witness)],
            (3, 5), None)
        device.close()
        proof = assemble(self.key, [each.point for each in results], (3, 5))
        return Certificate(public, proof_to_bytes(proof))


@pytest.fixture(scope="module")
def made() -> Made:
    circuit, device = FinalityCircuit(SIZE), CpuDevice()
    key = development_setup(circuit.r1cs, seed=bytes(32))
    prove = certificate_prover(circuit, Prover(key, device))
    honest = {epoch: prove(registry(epoch - 1), link(epoch), votes(link(epoch), (0, 1)), TAG)
              for epoch in range(FIRST + 1, LAST + 1)}
    # Somebody with keys of one's own, and a registry in which they have all: the proof holds.
    others = {index: bytes([index + 9]) * 32 for index in KEYS}
    own = link(FIRST + 1, 1, registry(FIRST + 1, others))
    stolen = prove(registry(FIRST, others), own, votes(own, (0, 1), others), TAG)
    device.close()
    return Made(circuit, key, honest, stolen)


class Liar:
    """A peer that answers every question with the same certificates."""

    def __init__(self, answer: Sequence[bytes]) -> None:
        self.answer = answer
        self.gossip: Gossip

    def take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        if topic is Topic.CERTIFICATE_REQUEST:
            first = CertificateRequest.decode_bytes(data).first_epoch
            self.gossip.send(peer, Topic.CERTIFICATES, bytes(CertificateRange(
                first_epoch=first, certificates=self.answer).encode_bytes()))
        return Reception.KEEP, ""


class Net:
    """Light nodes "a" and "b" that trust the first checkpoint, and peers that answer alike."""

    def __init__(self, folder: Path, made: Made, answers: dict[str, Sequence[bytes]]) -> None:
        self.identities: dict[str, Identity] = {
            name: new_identity() for name in ("a", "b", *answers)}
        self.liars = {name: Liar(answer) for name, answer in answers.items()}
        self.light: dict[str, LightPeer] = {}
        self.troubles: list[BaseException] = []
        certificates = {name: each.certificate for name, each in self.identities.items()}
        for name, identity in self.identities.items():
            (folder / name).mkdir()
            if name in self.liars:
                self.liars[name].gossip = Gossip(
                    called(certificates), self.liars[name].take,
                    contexts(identity, certificates.values(), folder / name))
            else:
                self.light[name] = LightPeer(LightSetup(
                    name, folder / name, identity, certificates, made.key.verification_key,
                    checkpoint(FIRST), registry(FIRST).commitment), self.troubles.append)

    async def play(self, story: Callable[["Net"], Awaitable[None]]) -> None:
        try:
            ports = {name: await each.start() for name, each in self.light.items()}
            for name, liar in self.liars.items():
                await liar.gossip.start()
                await liar.gossip.connect(ports["a"])
                await until(lambda: name in self.light["a"].gossip.peers)  # noqa: B023
            await self.light["b"].gossip.connect(ports["a"])
            await until(lambda: "b" in self.light["a"].gossip.peers)
            await story(self)
        finally:
            for each in (*self.light.values(), *(liar.gossip for liar in self.liars.values())):
                await each.close()

    async def ask(self, name: str, slot: int) -> None:
        """Let a light node ask all of its peers, and wait for the answers."""
        node = self.light[name]
        node.tick(slot, ASK_MS)
        await until(lambda: not node.exchange.owing)
        node.tick(slot, NOTE_MS)


def play(net: Net, story: Callable[[Net], Awaitable[None]]) -> None:
    asyncio.run(net.play(story))


def raw(*certificates: Certificate) -> list[bytes]:
    return [each.to_bytes() for each in certificates]


def test_they_follow_and_hand_on(made: Made, tmp_path: Path) -> None:
    """One hears it from a full node, the other from the first; both are where the chain is."""
    net = Net(tmp_path, made, {"honest": raw(made.honest[5])})

    async def story(net: Net) -> None:
        await net.ask("a", 40)
        await net.ask("b", 40)
        for light in net.light.values():
            assert light.light.known.head == checkpoint(5)
        net.liars["honest"].answer = raw(*made.honest.values())
        await net.ask("a", 48)
        await net.ask("b", 48)

    play(net, story)
    final = checkpoint(6)
    assert {light.trusted() for light in net.light.values()} == {
        Trusted(final, registry(6).commitment)}
    full = [SlotView(40, b"", b"", 4, (4, checkpoint(4).root)),
            SlotView(48, b"", b"", 6, (6, final.root))]
    reports = {name: light.report() for name, light in net.light.items()}
    for row in light_rows(reports, full):
        assert (row.finalized_epoch, row.epochs, row.false, row.behind) == (6, 2, (), ())
        assert row.broken == "" and row.refused == ()
        assert 440 <= row.most_bytes <= 2 * 440 + 100 <= MOST_BYTES
        assert row.bytes_on_disk < 8 * 1024 and row.key_bytes > 1024


def changed(certificate: Certificate, **fields: int) -> Certificate:
    return replace(certificate, stated=certificate.stated._replace(**fields))


NOT_VERIFIED = "its proof does not verify under this key"


def lies(made: Made) -> dict[str, tuple[bytes, str]]:
    """What each liar answers, and what is said of it."""
    five = made.honest[5]
    flipped = bytearray(five.proof)
    flipped[200] ^= 1
    thief = link(5, 1)
    return {
        "false proof": (replace(five, proof=bytes(flipped)).to_bytes(), NOT_VERIFIED),
        "another's proof": (replace(five, proof=made.honest[6].proof).to_bytes(), NOT_VERIFIED),
        "altered weight": (changed(five, weight=96).to_bytes(), NOT_VERIFIED),
        "altered next registry": (changed(five, next_registry=1).to_bytes(), NOT_VERIFIED),
        "altered target": (changed(five, target_low=1).to_bytes(), NOT_VERIFIED),
        "a registry of its own": (made.own_registry.to_bytes(), "counts by another registry"),
        "signers twice": (
            made.forced(thief, votes(thief, (0, 0)), 96).to_bytes(), NOT_VERIFIED),
        "under a third": (made.forced(thief, votes(thief, (2,)), 28).to_bytes(), NOT_VERIFIED),
        "more than it has": (made.forced(thief, votes(thief, (2,)), 64).to_bytes(), NOT_VERIFIED),
        "from nowhere": (made.honest[7].to_bytes(), "is not justified here"),
        "old": (five.to_bytes()[:64] + (3).to_bytes(8, "big") + checkpoint(3).root
                + (4).to_bytes(8, "big") + checkpoint(4).root + five.to_bytes()[144:],
                "it is of epoch 4, not of 5 or later, as was asked"),
        "noise": (bytes([255]) * 440, "must be below r"),
    }


def test_nothing_false_is_taken(made: Made, tmp_path: Path) -> None:
    """Each liar alone knows what it did; the node, which hears them first, is where it was."""
    told = lies(made)
    net = Net(tmp_path, made, {name: [lie] for name, (lie, _) in told.items()})

    async def story(net: Net) -> None:
        before = net.light["a"].light.known
        await net.ask("a", 40)
        assert net.light["a"].light.known == before and net.light["a"].light.epochs == []
        for liar in net.liars.values():
            liar.answer = raw(made.honest[5])
        await net.ask("a", 41)

    play(net, story)
    report = net.light["a"].report()
    assert [peer for peer, _ in sorted(report.refused)] == sorted(told)
    for peer, reason in report.refused:
        assert told[peer][1] in reason
    assert net.light["a"].light.known.head == checkpoint(5)


def test_forced_witnesses_break_the_rule_that_is_meant(made: Made) -> None:
    """What the forgers above do is refused for being what it is."""
    thief = link(5, 1)
    for signed, weight, rule in ((votes(thief, (0, 0)), 96, "rising"),
                                 (votes(thief, (2,)), 28, "two thirds"),
                                 (votes(thief, (2,)), 64, "weight")):
        public = CertificateInputs.of(registry(4).commitment, thief.next_registry, thief.source,
                                      thief.target, weight, TAG)
        witness = made.circuit.system.witness(
            certificate_inputs(made.circuit, registry(4), thief, signed, public))
        violation = made.circuit.system.check(witness)
        assert violation is not None and rule in violation.constraint.label


def test_a_third_that_signs_twice_is_not_believed_but_told(made: Made, tmp_path: Path) -> None:
    """Two certificates with proofs that hold, for two blocks of one epoch: whoever holds more than
    a third has signed both. The node takes neither's word any more, and says so."""
    device = CpuDevice(threads=1)
    other = certificate_prover(made.circuit, Prover(made.key, device))(
        registry(4), link(5, 1), votes(link(5, 1), (0, 2)), TAG)
    device.close()
    net = Net(tmp_path, made, {"one": raw(made.honest[5]), "two": raw(other)})

    async def story(net: Net) -> None:
        net.light["a"].tick(40, ASK_MS)
        await until(lambda: bool(net.troubles))

    play(net, story)
    assert "two certificates contradict each other in epoch 5" in str(net.troubles[0])
    assert len(net.light["a"].light.epochs) == 1


def test_a_full_disk_is_the_nodes_own_trouble(made: Made, tmp_path: Path) -> None:
    """Nobody is blamed, nothing is half written, and the next life takes what this one could not
    keep."""
    net = Net(tmp_path, made, {"honest": raw(made.honest[5])})

    async def story(net: Net) -> None:
        with no_byte_more():
            net.light["a"].tick(40, ASK_MS)
            await until(lambda: bool(net.troubles) or not net.light["a"].exchange.owing)

    play(net, story)
    (trouble,) = net.troubles
    assert isinstance(trouble, StorageError) and "5.certificate: cannot be written" in str(trouble)
    assert net.light["a"].report().refused == ()
    assert net.light["a"].gossip.standing.score("honest") == 0
    again = LightNode.open(tmp_path / "a" / "light")
    assert again.epochs == [] and again.known.head == checkpoint(FIRST)
    assert {path.name for path in again.folder.iterdir()} == {"state.json", "verification_key.json"}
    again.take(made.honest[5])
    assert again.known.head == checkpoint(5)


def test_who_was_not_asked_and_who_does_not_answer(made: Made, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, str]] = []
    light = LightPeer(LightSetup(
        "a", tmp_path, new_identity(), {}, made.key.verification_key, checkpoint(FIRST),
        registry(FIRST).commitment), heard.append)
    exchange = CertificateExchange(
        light.light, lambda *sent: None, lambda *sent: None, lambda *said: heard.append(said))
    empty = bytes(CertificateRange(first_epoch=5).encode_bytes())
    unasked = (Reception.REJECT, "an answer to what was not asked")
    assert exchange.take(Topic.CERTIFICATES, empty, "b") == unasked
    exchange.ask("b")
    assert exchange.take(Topic.CERTIFICATES, empty, "c") == unasked
    other = bytes(CertificateRange(first_epoch=4).encode_bytes())
    assert exchange.take(Topic.CERTIFICATES, other, "b") == unasked
    exchange.ask("b")
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + ANSWER_SECONDS + 1)
    exchange.tick()
    exchange.tick()
    assert heard == [("b", "CERTIFICATES: no answer for 20 s")]
    assert exchange.take(Topic.CERTIFICATES, b"\xff", "b")[0] is Reception.REJECT
    for noise in (b"", b"\xff" * 40, b"\xff" * 441):
        verdict, reason = exchange.learn(noise)
        assert verdict is Reception.REJECT and f"440 bytes, not {len(noise)}" in reason

"""Full nodes make eras of final blocks' proofs; light nodes ask peers for them, and take only such
as hold."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from eth_hash.auto import keccak

from proofmill.host.bench.history import block_proofs
from proofmill.host.ground.errors import StorageError
from proofmill.host.network.certificates.headers import branch_in, write_evidence
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.light_ledger import LightLedger
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node import ledger_exchange
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.beside import at_once
from proofmill.host.network.node.certificate_exchange import ANSWER_SECONDS
from proofmill.host.network.node.era_exchange import (
    MOST_BYTES,
    EraAnswer,
    EraExchange,
    EraRequest,
    Find,
    nothing,
    serve,
)
from proofmill.host.network.node.era_maker import EraMaker, EraSetup
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Gossip, Reception
from proofmill.host.network.node.identity import called, contexts, new_identity
from proofmill.host.network.node.kept_certificates import ERAS
from proofmill.host.network.node.ledger_exchange import REQUESTS, nothing_known, serve_ledger
from proofmill.host.network.node.light_outcome import light_rows
from proofmill.host.network.node.light_peer import ASK_MS, FirstLedger, LightPeer, LightSetup
from proofmill.host.network.node.process import Trusted
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.proven_blocks import ProvenBlocks
from proofmill.host.network.node.wire import LIMITS, Topic
from proofmill.host.network.second_layer.final_blocks import FinalBlock, TakenProof
from proofmill.host.prover.aggregation.aggregate import MAGIC, parts
from proofmill.host.prover.aggregation.setup import read_pair
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.development_powers import development_powers
from tests.host.network.certificates.test_light_ledger import (
    BEFORE,
    LEDGER,
    final_block,
    headers_of,
)
from tests.host.network.node import killed
from tests.host.network.node.chains import Source
from tests.host.network.node.storage_faults import no_byte_more
from tests.host.network.node.test_gossip import until

BLOCKS, LENGTH = 5, 2
"""Proven blocks, and those of an era: two eras, and one block more."""


class Chain:
    """Proven blocks in every other slot, two blocks without a proof, and two final checkpoints: the
    first one's beacon block names the fourth block, the second one's the last."""

    def __init__(self, folder: Path) -> None:
        powers = tuple(folder / name for name in ("first.ptau", "second.ptau"))
        for path in powers:
            development_powers(path, 2, path.name.encode())
        self.key, self.blocks, proofs = block_proofs(folder, BLOCKS, lambda done, total: None)
        first, second = powers
        self.setup = EraSetup(LENGTH, self.key, read_pair(first, second).heads, (first, second))
        stated = [*self.blocks, self.blocks[0], self.blocks[1]]
        self.headers = headers_of([each.commitment for each in self.blocks] + [77, 78])
        self.hashes = [keccak(each) for each in self.headers]
        self.final_blocks = [FinalBlock(
            place, 2 * place + 1, self.hashes[place], self.headers[place], each.before, each.after,
            each.commitment if place < BLOCKS else 70 + place + 2,
            # A block's proof is in the next one.
            (TakenProof(2 * place - 1, self.blocks[place - 1].tag,
                        tuple(proofs[place - 1].numbers)),) if 0 < place <= BLOCKS else ())
            for place, each in enumerate(stated)]
        self.beacon = [final_block(self.hashes[3]), final_block(self.hashes[-1])]
        self.finals = [Checkpoint(epoch, bytes(spec.hash_tree_root(block)))
                       for epoch, block in zip((3, 4), self.beacon, strict=True)]

    def archive(self, folder: Path) -> Archive:
        archive = Archive(folder / "blocks.sqlite")
        for final, block in zip(self.finals, self.beacon, strict=True):
            archive.keep(Topic.BLOCK, final.root,
                         bytes(spec.SignedBeaconBlock(message=block).encode_bytes()))
        return archive

    @property
    def first_ledger(self) -> FirstLedger:
        return FirstLedger(self.key, self.setup.heads, self.blocks[0].before, BEFORE)


class Maker:
    """A full node's part, on a chain of which only the archive is there."""

    def __init__(self, folder: Path, chain: Chain) -> None:
        self.archive = chain.archive(folder)
        self.blocks = ProvenBlocks(folder / ERAS)
        self.eras = EraMaker(chain.setup, self.blocks, cast(Follower, SimpleNamespace(
            archive=self.archive, execution_layer=SimpleNamespace(ledger=lambda block: LEDGER))))
        self.eras.begin(at_once)

    def work(self) -> None:
        while True:
            self.eras.work()
            if not self.eras.busy:
                return

    def close(self) -> None:
        self.eras.close()
        self.blocks.close()
        self.archive.close()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def served(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[bytes, bytes]]:
    """Both eras, with headers to the second checkpoint."""
    maker = Maker(tmp_path_factory.mktemp("maker"), chain)
    maker.eras.hear(chain.final_blocks)
    maker.work()
    found = [maker.eras.answer(first, chain.finals[1].root) for first in (0, LENGTH)]
    maker.close()
    return [each for each in found if each is not None]


def test_an_era_is_made_when_its_blocks_are_proven(chain: Chain, tmp_path: Path) -> None:
    maker = Maker(tmp_path, chain)
    maker.eras.hear(chain.final_blocks[:2])  # the second one's proof is in the third
    maker.work()
    assert not maker.eras.made and maker.eras.answer(0, chain.finals[0].root) is None
    maker.eras.hear(chain.final_blocks[2:4])
    maker.work()
    assert [(each.first, each.blocks) for each in maker.eras.made] == [(0, LENGTH)]
    assert maker.eras.roots() == [each.after for each in chain.blocks[:4]]
    data, evidence = cast(tuple[bytes, bytes], maker.eras.answer(0, chain.finals[0].root))
    assert len(data) == maker.eras.made[0].bytes
    assert evidence == write_evidence(chain.headers[:4], branch_in(chain.beacon[0]))
    # Headers that lead to the second checkpoint are not here yet, nor is any other block.
    assert maker.eras.answer(0, chain.finals[1].root) is None
    assert maker.eras.answer(0, bytes(32)) is None and maker.eras.answer(1, bytes(32)) is None
    maker.eras.hear(chain.final_blocks)      # some again, as after a new start
    maker.work()
    assert [each.first for each in maker.eras.made] == [0, LENGTH]
    # The next era has blocks without a proof; and the second one leads no further back.
    assert maker.eras.answer(LENGTH, chain.finals[0].root) is not None
    assert maker.eras.answer(2 * LENGTH, chain.finals[1].root) is None
    maker.close()
    again = Maker(tmp_path, chain)
    again.eras.hear(chain.final_blocks)
    again.work()
    assert not again.eras.made and again.eras.answer(0, chain.finals[0].root) == (data, evidence)
    again.close()


def test_a_proof_that_does_not_hold_makes_no_era(chain: Chain, tmp_path: Path,
                                                 caplog: pytest.LogCaptureFixture) -> None:
    maker = Maker(tmp_path, chain)
    wrong = TakenProof(1, chain.blocks[0].tag + 1, chain.final_blocks[1].proofs[0].numbers)
    blocks = list(chain.final_blocks)
    blocks[1] = FinalBlock(**{**vars(blocks[1]), "proofs": (wrong,)})
    maker.eras.hear(blocks)
    maker.work()
    assert "no era from block 0 on: proof 0 does not hold" in caplog.text
    maker.work()
    assert not maker.eras.made and caplog.text.count("no era") == 1
    maker.close()


class Peer:
    """Answers questions about eras as `find` says and about the ledger as `about` does, and others
    not at all."""

    def __init__(self, find: Find, about: ledger_exchange.Find = nothing_known) -> None:
        self.find, self.about, self.asked = find, about, list[EraRequest]()
        self.gossip: Gossip

    def take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        if topic is Topic.ERA_REQUEST:
            self.asked.append(EraRequest.decode_bytes(data))
            return serve(data, peer, self.find, self.gossip.answer)
        if topic in REQUESTS:
            return serve_ledger(topic, data, peer, self.about, self.gossip.answer)
        return Reception.KEEP, ""


class Net:
    """A light node that holds the second checkpoint, connected with peers."""

    def __init__(self, folder: Path, chain: Chain, finds: dict[str, Find]) -> None:
        identities = {name: new_identity() for name in ("light", *finds)}
        certificates = {name: each.certificate for name, each in identities.items()}
        self.peers = {name: Peer(find) for name, find in finds.items()}
        for name, identity in identities.items():
            (folder / name).mkdir(exist_ok=True)
            if name in self.peers:
                self.peers[name].gossip = Gossip(
                    called(certificates), self.peers[name].take,
                    contexts(identity, certificates.values(), folder / name))
        self.light = LightPeer(LightSetup(
            "light", folder / "light", identities["light"], certificates, chain.key,
            chain.finals[1], 1, ledger=chain.first_ledger), lambda error: None)
        assert self.light.eras is not None
        self.eras = self.light.eras

    async def _played(self, story: Callable[[], None], done: Callable[[], bool]) -> None:
        try:
            port = await self.light.start()
            for name, peer in self.peers.items():
                await peer.gossip.start()
                await peer.gossip.connect(port)
                await until(lambda: name in self.light.gossip.peers)  # noqa: B023
            story()
            await until(done)
        finally:
            for each in (self.light, *(peer.gossip for peer in self.peers.values())):
                await each.close()

    def play(self) -> None:
        """Let it ask all of them, till nobody owes an answer."""
        self.played(lambda: self.light.tick(40, ASK_MS), lambda: self.eras.owing is None)

    def played(self, story: Callable[[], None], done: Callable[[], bool]) -> None:
        """With its peers connected, until it is done."""
        asyncio.run(self._played(story, done))


def finding(served: list[tuple[bytes, bytes]]) -> Find:
    return lambda first, root: dict(zip((0, LENGTH), served, strict=True)).get(first)


def changed(data: bytes, place: int) -> bytes:
    forged = bytearray(data)
    forged[place] ^= 1
    return bytes(forged)


def test_a_light_node_takes_them_from_who_has_them(
        chain: Chain, served: list[tuple[bytes, bytes]], tmp_path: Path) -> None:
    net = Net(tmp_path, chain, {"a": nothing, "b": finding(served), "c": nothing})
    net.play()
    ledger = net.eras.ledger
    assert (ledger.blocks, ledger.root) == (2 * LENGTH, chain.blocks[2 * LENGTH - 1].after)
    # Who has given one is asked first for the next; in the end everybody once.
    assert [[int(each.first_block) for each in peer.asked] for peer in net.peers.values()] == [
        [0, 4], [0, 2, 4], [4]]
    # It keeps the last one alone, and counts it apart.
    place = tmp_path / "light" / "light"
    assert [path.name for path in place.glob("*.era")] == [f"{LENGTH}.era"]
    report = net.light.report()
    assert report.eras is not None and report.eras.last_bytes == len(served[1][0])
    assert report.first_bytes < net.light.light.bytes - len(served[1][0]) < report.first_bytes + 512
    assert report.key_bytes > 2048 and len(report.eras.seconds) == 2 and not report.refused
    (row,) = light_rows({"light": report}, [], [each.after for each in chain.blocks])
    assert (row.eras, row.proven_blocks, row.ledger_root, row.broken) == (
        2, 4, str(ledger.root), "")
    for roots in ([], [7] * 4):
        (row,) = light_rows({"light": report}, [], roots)
        assert "held a root of the ledger after 4 blocks that a full node did not" in row.broken
    assert net.light.trusted() == Trusted(chain.finals[1], 1, (ledger.root, chain.hashes[3]))
    # In its next life it goes on from there.
    again = Net(tmp_path, chain, {"d": nothing})
    again.play()
    assert again.eras.ledger.blocks == 4 and again.peers["d"].asked[0].first_block == 4


def test_no_forged_era_is_taken(chain: Chain, served: list[tuple[bytes, bytes]],
                                tmp_path: Path) -> None:
    """Each liar alone knows what it did, is scored, and keeps nobody away from the honest one."""
    data, evidence = served[0]
    root_at = 24
    headers, branch = chain.headers, branch_in(chain.beacon[1])
    other = headers_of([*(each.commitment for each in chain.blocks), 77, 79])
    lies = {
        "magic": ((changed(data, 0), evidence), "does not begin as the proven history"),
        "count": ((changed(data, 23), evidence), "copy the file again"),
        "root before": ((changed(data, root_at + 31), evidence), "begins with the ledger's root"),
        "root after": ((changed(data, root_at + 63), evidence),
                       "does not fold to the last elements"),
        "commitment": ((changed(data, root_at + 95), evidence), "is of another batch than its"),
        "tag": ((changed(data, root_at + 127), evidence), "does not fold to the last elements"),
        "cut": ((data[:-1], evidence), "bytes, an aggregate of 2 proofs"),
        "another era": (served[1], "begins with the ledger's root"),
        "no headers": ((data, b""), "holds no headers with a branch"),
        "its own fork": ((data, write_evidence(other, branch)), "do not lead to the final"),
        "left out": ((data, write_evidence([headers[0], *headers[2:]], branch)),
                     "header 0 is not the parent of the next"),
        "old": ((data, write_evidence(headers[:4], branch_in(chain.beacon[0]))),
                "do not lead to the final checkpoint of epoch 4"),
    }
    finds: dict[str, Find] = {name: lambda first, root, lie=lie: lie  # type: ignore[misc]
                              for name, (lie, _) in lies.items()}
    net = Net(tmp_path, chain, {**finds, "the honest": finding(served)})
    net.play()
    assert net.eras.ledger.blocks == 2 * LENGTH
    told = dict(net.light.report().refused)
    # After the first era the liars' are refused for having no place.
    assert told.keys() == lies.keys()
    first = {peer: reason for peer, reason in reversed(net.light.refused)}
    for name, (_, sentence) in lies.items():
        assert sentence in first[name], name
        assert "the era after 0 blocks" in first[name]
        assert net.light.gossip.standing.score(name) > 0
    assert net.light.gossip.standing.score("the honest") == 0


def test_no_element_of_an_aggregate_can_be_anothers(
        chain: Chain, served: list[tuple[bytes, bytes]], tmp_path: Path) -> None:
    """Each is put in from the aggregate of another era, where it is as it should be."""
    net = Net(tmp_path, chain, {})
    ledger, asked = net.eras.ledger, list[tuple[str, Topic, bytes]]()
    exchange = EraExchange(ledger, lambda *sent: asked.append(sent), lambda *said: None,
                           lambda: ["liar"])
    data, evidence = served[0]
    place = len(data) - sum(width for _, width in parts(1))
    assert data[place - 8 - len(MAGIC):place - 8] == MAGIC
    for name, width in parts(1):
        forged = data[:place] + served[1][0][place:place + width] + data[place + width:]
        assert forged != data or name.startswith(("v_", "opening")), name
        place += width
        if forged == data:
            continue
        exchange.tick()
        verdict, reason = exchange.hear(
            EraAnswer(0, chain.finals[1].root, forged, evidence).to_bytes(), "liar")
        assert verdict is Reception.REJECT and reason.startswith("the era after 0 blocks: "), name
    assert place == len(data) and ledger.blocks == 0


def test_only_what_was_asked_for_is_heard(chain: Chain, served: list[tuple[bytes, bytes]],
                                          tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = Net(tmp_path, chain, {})
    sent, said = list[tuple[str, Topic, bytes]](), list[tuple[str, str]]()
    exchange = EraExchange(net.eras.ledger, lambda *each: sent.append(each),
                           lambda *each: said.append(each), lambda: ["a", "b"])
    data, evidence = served[0]

    def answer(first: int = 0, root: bytes = chain.finals[1].root, era: bytes = data) -> bytes:
        return EraAnswer(first, root, era, evidence).to_bytes()

    unasked = Reception.REJECT, "an era that was not asked for"
    assert exchange.hear(answer(), "a") == unasked
    exchange.tick()
    assert exchange.owing == "a"
    assert exchange.hear(answer(), "b") == unasked
    assert exchange.hear(answer(2), "a") == unasked
    assert exchange.hear(answer(root=bytes(32)), "a") == unasked
    for noise in (b"", b"\1", answer()[:47], answer()[:40] + bytes(8), changed(answer(), 47)):
        assert exchange.hear(noise, "a") == (Reception.REJECT, "it is no era with its headers")
    exchange.left("a")
    assert exchange.owing == "b" and exchange.hear(answer(era=b""), "b") == (Reception.KEEP, "")
    assert exchange.owing is None  # everybody has been asked in this slot
    exchange.tick()
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + ANSWER_SECONDS + 1)
    exchange.tick()
    assert said == [("a", "ERA: no answer for 20 s")]
    # What was asked with a checkpoint that is no longer the last one holds all the same.
    net.light.light.known = Finality.start(Checkpoint(5, b"\5" * 32), 1)
    assert exchange.hear(answer(), exchange.owing or "") == (Reception.KEEP, "")
    assert net.eras.ledger.blocks == LENGTH
    assert EraRequest.decode_bytes(sent[-1][2]).checkpoint_root == b"\5" * 32
    # Before anything is final nobody has anything.
    exchange.left(exchange.owing or "")
    exchange.left(exchange.owing or "")
    net.light.light.known = Finality.start(Checkpoint(0, bytes(32)), 1)
    exchange.tick()
    assert exchange.owing is None


def test_a_full_disk_is_the_nodes_own_trouble(
        chain: Chain, served: list[tuple[bytes, bytes]], tmp_path: Path) -> None:
    net = Net(tmp_path, chain, {})
    exchange = EraExchange(net.eras.ledger, lambda *sent: None, lambda *said: None, lambda: ["a"])
    exchange.tick()
    answer = EraAnswer(0, chain.finals[1].root, *served[0]).to_bytes()
    with no_byte_more(), pytest.raises(StorageError, match="0.era: cannot be written"):
        exchange.hear(answer, "a")
    # The next life has what was known before, and takes the same era.
    again = LightLedger.open(net.light.light)
    assert (again.blocks, again.root) == (0, chain.blocks[0].before)
    again.take(*served[0], "an era", chain.finals[1])
    assert again.blocks == LENGTH


def test_an_answer_is_what_the_specification_makes_of_it() -> None:
    class Container(spec.Container):  # type: ignore[misc]
        first_block: spec.Uint64
        checkpoint_root: spec.Root
        era: spec.ByteList[64]
        headers: spec.ByteList[64]

    for era, headers in ((b"", b""), (b"abc", b"de"), (b"", b"f"), (b"f", b"")):
        answer = EraAnswer(7, b"\2" * 32, era, headers)
        assert answer.to_bytes() == bytes(Container(
            first_block=7, checkpoint_root=b"\2" * 32, era=era, headers=headers).encode_bytes())
        assert EraAnswer.from_bytes(answer.to_bytes()) == answer


def test_questions_are_answered_within_a_message(chain: Chain) -> None:
    sent: list[tuple[str, Topic, bytes]] = []

    def ask(find: Find) -> EraAnswer:
        request = EraRequest(first_block=3, checkpoint_root=b"\1" * 32)
        assert serve(bytes(request.encode_bytes()), "a", find, lambda *each: sent.append(each)) == (
            Reception.KEEP, "")
        assert sent[-1][:2] == ("a", Topic.ERA) and len(sent[-1][2]) <= LIMITS[Topic.ERA]
        return EraAnswer.from_bytes(sent[-1][2])

    assert ask(lambda first, root: (bytes([first]), root)) == (3, b"\1" * 32, b"\3", b"\1" * 32)
    half = bytes(MOST_BYTES // 2)
    assert len(ask(lambda first, root: (half, half)).era) == len(half)
    assert len(ask(lambda first, root: (half, half + b"\1\1")).era) == 0
    assert serve(b"\1", "a", nothing, lambda *each: None)[0] is Reception.REJECT


def test_an_era_of_a_chain_with_late_proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                            ) -> None:
    """A node's own chain of real blocks, the first of which nobody has proven in time: their proofs
    come by the contract of coins, and the eras hold."""
    source = Source(tmp_path, lambda topic, data: None)
    folder = tmp_path / "powers"
    folder.mkdir()
    powers = folder / "first.ptau", folder / "second.ptau"
    for path in powers:
        development_powers(path, 4, path.name.encode())
    heads = read_pair(*powers, 3).heads
    blocks = ProvenBlocks(tmp_path / ERAS)
    eras = EraMaker(EraSetup(8, killed.KEY.verification_key, heads, powers), blocks,
                    source.follower)
    eras.begin(at_once)
    first = source.follower.ledger().root
    source.confirm(0)
    with monkeypatch.context() as idle:
        idle.setattr(source.prover, "work", lambda: None)
        for slot in range(1, 11):
            source.slot(slot, empty=slot == 3)
    for slot in range(11, 34):
        source.slot(slot)
    assert source.follower.finalized_epoch == 2 and source.follower.credit(1) is None
    eras.work()
    eras.work()
    assert [(each.first, each.blocks) for each in eras.made] == [(0, 8)]
    final = source.follower.store.finalized_checkpoint
    data, evidence = cast(tuple[bytes, bytes], eras.answer(0, bytes(final.root)))
    node = LightNode.start(tmp_path / "light", killed.KEY.verification_key,
                           Checkpoint(2, bytes(final.root)), 1)
    ledger = LightLedger.start(node, killed.KEY.verification_key, heads, first,
                               source.follower.execution_layer.genesis_hash)
    ledger.take(data, evidence, "an era")
    assert ledger.root == eras.roots()[7] and ledger.blocks == 8
    eras.close()
    blocks.close()
    source.close()

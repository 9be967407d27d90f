"""A light node's ledger: eras from peers that are not trusted, and what servers that lie get."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import rlp
from eth_hash.auto import keccak

from proofmill.host.bench.history import block_proofs
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.network.certificates.answers import (
    account_answer,
    account_file,
    block_answer,
    block_file,
    read_account,
)
from proofmill.host.network.certificates.era import Era, aggregate
from proofmill.host.network.certificates.hash_tree import HashTree, is_in
from proofmill.host.network.certificates.headers import (
    branch_in,
    read_evidence,
    write_evidence,
)
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.light_ledger import LightLedger
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.aggregation.setup import Powers, read_pair
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    write_verification_key,
)
from tests.host.network.node.storage_faults import no_byte_more

BEFORE = b"\7" * 32
"""Hash of the block before the first."""
COUNT = 3
LEDGER = Ledger(RollupSize(3, 1), {
    number: Account(public_key(bytes([number]) * 32), 100 * number, number)
    for number in (1, 2, 5)})


def headers_of(commitments: list[int], parent: bytes = BEFORE) -> list[bytes]:
    """Headers that go on from each other, of the fields that matter."""
    found = []
    for commitment in commitments:
        found.append(rlp.encode([parent, *[b""] * 11, commitment.to_bytes(32, "big"), b"rest"]))
        parent = keccak(found[-1])
    return found


def final_block(parent_hash: bytes) -> spec.BeaconBlock:
    block = spec.BeaconBlock(slot=9)
    block.body.signed_execution_payload_bid.message.parent_block_hash = parent_hash
    return block


class World:
    """Three proven blocks, two more, and a final block after those."""

    def __init__(self, folder: Path) -> None:
        for name in ("first", "second"):
            development_powers(folder / f"{name}.ptau", 3, name.encode())
        self.setup: Powers = read_pair(folder / "first.ptau", folder / "second.ptau", 2)
        self.key, blocks, proofs = block_proofs(folder, COUNT, lambda done, total: None)
        self.era = aggregate(self.setup, self.key, blocks, proofs)
        self.headers = headers_of([*(block.commitment for block in blocks), 77, 78])
        self.hashes = [keccak(header) for header in self.headers]
        self.final = final_block(self.hashes[-1])
        self.branch = branch_in(self.final)
        self.evidence = write_evidence(self.headers, self.branch)
        self.root = bytes(spec.hash_tree_root(self.final))

    def node(self, folder: Path, root: bytes | None = None) -> LightLedger:
        node = LightNode.start(folder, self.key, Checkpoint(3, root or self.root), 1)
        return LightLedger.start(node, self.key, self.setup.heads, self.era.first_root, BEFORE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def peer(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "peer"
    folder.mkdir()
    (folder / "0.era").write_bytes(world.era.to_bytes())
    (folder / "0.headers").write_bytes(world.evidence)
    tree = HashTree(world.hashes[:COUNT])
    for place in range(COUNT):
        (folder / block_file(world.hashes[place])).write_bytes(
            block_answer(place, tree.branch(place)))
    return folder


def test_it_takes_an_era_and_starts_again(world: World, peer: Path, tmp_path: Path) -> None:
    ledger, told = world.node(tmp_path / "node"), list[str]()
    assert ledger.follow([str(peer)], told.append) == 1 and not told
    again = LightLedger.open(LightNode.open(tmp_path / "node"))
    for each in (ledger, again):
        assert (each.root, each.blocks) == (world.era.last_root, COUNT)
        assert each.block_hash == world.hashes[COUNT - 1]
    assert again.follow([str(peer)], told.append) == 0 and not told
    for place in range(COUNT):
        assert again.proven([str(peer)], world.hashes[place], told.append) == place
    assert again.proven([str(peer)], world.hashes[COUNT], told.append) is None and not told


def test_a_full_disk_is_not_a_peers_fault(world: World, peer: Path, tmp_path: Path) -> None:
    ledger, told = world.node(tmp_path / "node"), list[str]()
    with no_byte_more(), pytest.raises(StorageError, match="0.era: cannot be written"):
        ledger.follow([str(peer)], told.append)
    again = LightLedger.open(LightNode.open(tmp_path / "node"))
    assert again.follow([str(peer)], told.append) == 1 and not told


def test_what_is_not_the_chains_is_refused(world: World, tmp_path: Path) -> None:
    ledger = world.node(tmp_path / "node")
    data, branch = world.era.to_bytes(), world.branch
    commitments = [block.commitment for block in world.era.blocks]
    lies = {
        "of another batch": write_evidence(headers_of([*commitments[:2], 99, 77, 78]), branch),
        "do not lead to the final": write_evidence(headers_of([*commitments, 1]), branch),
        "headers are not those": write_evidence(headers_of(commitments, b"\1" * 32), branch),
        "2 headers are not those": write_evidence(world.headers[:2], branch),
        "is not the parent": write_evidence([*world.headers[:2], *world.headers[3:]], branch),
        "branch of 13 nodes": write_evidence(world.headers, branch[1:]),
        "holds no headers": b"\1\2", "headers with a branch": rlp.encode([[b"\x80"], []]),
        "0 headers": write_evidence([], branch)}
    for sentence, evidence in lies.items():
        with pytest.raises(ProofmillError, match=sentence):
            ledger.take(data, evidence, "a peer")
    for place in range(len(branch)):
        changed = [*branch[:place], b"\1" * 32, *branch[place + 1:]]
        assert changed != branch
        with pytest.raises(ProofmillError, match="do not lead to the final checkpoint"):
            ledger.take(data, write_evidence(world.headers, changed), "a peer")
    assert ledger.blocks == 0


def test_what_is_not_proven_is_refused(world: World, tmp_path: Path) -> None:
    ledger = world.node(tmp_path / "node")
    blocks = world.era.blocks
    changed = Era((*blocks[:2], blocks[2]._replace(after=5)), world.era.proof).to_bytes()
    with pytest.raises(ProofmillError, match="does not fold|powers|does not hold"):
        ledger.take(changed, world.evidence, "a peer")
    begun = Era((blocks[0]._replace(before=5), *blocks[1:]), world.era.proof).to_bytes()
    with pytest.raises(ProofmillError, match="begins with the ledger's root 5"):
        ledger.take(begun, world.evidence, "a peer")
    with pytest.raises(ProofmillError, match="does not begin as the proven history"):
        ledger.take(b"nothing", world.evidence, "a peer")
    assert ledger.blocks == 0 and not (tmp_path / "node" / "0.era").exists()


def test_a_peer_that_lies_does_not_keep_a_right_one_away(world: World, peer: Path,
                                                         tmp_path: Path) -> None:
    liar = tmp_path / "liar"
    shutil.copytree(peer, liar)
    (liar / "0.headers").write_bytes(write_evidence(world.headers[:4], world.branch))
    (liar / block_file(world.hashes[1])).write_bytes(block_answer(0, []))
    ledger, told = world.node(tmp_path / "node"), list[str]()
    peers = [str(liar), str(tmp_path / "none"), str(peer)]
    assert ledger.follow(peers, told.append) == 1
    assert any("do not lead" in each for each in told) and any("no such folder" in each
                                                               for each in told)
    told.clear()
    assert ledger.proven(peers, world.hashes[1], told.append) == 1
    assert "leads to no era" in told[0]


LIES = {
    "another balance": lambda answer: answer["account"].update(balance=201),
    "another nonce": lambda answer: answer["account"].update(nonce=0),
    "another key": lambda answer: answer["account"].update(
        key=[str(part) for part in LEDGER.accounts[1].key]),
    "another account": lambda answer: answer.update(json.loads(account_answer(LEDGER, 1))),
    "no account": lambda answer: answer.update(account=None),
    "a shorter branch": lambda answer: answer["path"].pop(),
    "a longer branch": lambda answer: answer["path"].append("0"),
    "another branch": lambda answer: answer["path"].__setitem__(1, "7"),
    "no field element": lambda answer: answer["path"].__setitem__(0, str(1 << 254)),
    "another spelling": lambda answer: answer["path"].__setitem__(0, "0" + answer["path"][0]),
    "a balance below 0": lambda answer: answer["account"].update(balance=-1),
    "a field too many": lambda answer: answer.update(more=1),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_lies_about_a_balance_is_not_believed(world: World, lie: str,
                                                            tmp_path: Path) -> None:
    ledger, told = world.node(tmp_path / "node"), list[str]()
    ledger.root = LEDGER.root
    honest, liar = tmp_path / "honest", tmp_path / "liar"
    name = account_file(LEDGER.root, 2)
    for folder in (honest, liar):
        folder.mkdir()
        (folder / name).write_bytes(account_answer(LEDGER, 2))
    answer = json.loads((liar / name).read_bytes())
    LIES[lie](answer)
    (liar / name).write_text(json.dumps(answer))
    with pytest.raises(ProofmillError, match="no peer shows account 2"):
        ledger.account([str(liar)], 2, told.append)
    assert len(told) == 1 and "liar" in told[0]
    assert ledger.account([str(liar), str(honest)], 2, told.append) == LEDGER.accounts[2]


def test_every_place_of_a_ledger_is_shown(tmp_path: Path) -> None:
    for number in range(LEDGER.size.accounts):
        found = read_account(account_answer(LEDGER, number), LEDGER.root, number, "a peer")
        assert found == LEDGER.accounts.get(number)
        with pytest.raises(ProofmillError, match="a peer: "):
            read_account(account_answer(LEDGER, number), LEDGER.root + 1, number, "a peer")
    with pytest.raises(ProofmillError, match="leads to no account 8"):
        read_account(account_answer(LEDGER, 0), LEDGER.root, 8, "a peer")
    with pytest.raises(ProofmillError, match="a peer: "):
        read_account(b"\xff", LEDGER.root, 0, "a peer")
    # An inner node in the place of a leaf: its hash is right, and of two numbers.
    inner = {"account": {"key": [str(LEDGER.tree.leaf(0)), str(LEDGER.tree.leaf(1))], "balance": 0,
                         "nonce": 0}, "path": [str(each) for each in LEDGER.tree.path(0)[1:]]}
    with pytest.raises(ProofmillError, match="does not lead"):
        read_account(json.dumps(inner).encode(), LEDGER.root, 0, "a peer")
    assert Account(Point(1, 2)).leaf != 0


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_the_tree_over_hashes(count: int) -> None:
    leaves = [bytes([place + 1]) * 32 for place in range(count)]
    tree = HashTree(leaves)
    root = tree.root
    for place, leaf in enumerate(leaves):
        branch = tree.branch(place)
        assert is_in(root, count, leaf, place, branch)
        assert not is_in(root, count, bytes(32), place, branch)
        assert not is_in(root, count, leaf, place + count, branch)
        assert not is_in(root, count, leaf, place, [*branch, bytes(32)])
        assert all(not is_in(root, count, leaf, other, branch) for other in range(count)
                   if other != place)


def test_the_commands(world: World, peer: Path, tmp_path: Path,
                      capsys: pytest.CaptureFixture[str]) -> None:
    folder, vk, key = (str(tmp_path / name) for name in ("node", "vk.json", "key.json"))
    LightNode.start(folder, world.key, Checkpoint(3, world.root), 1)
    write_verification_key(vk, world.key)
    world.setup.heads.write(key)
    assert main(["light", "balance", folder, "2", "--peer", str(peer)]) == 2
    assert "`proofmill light ledger` makes one" in capsys.readouterr().err
    words = ["light", "ledger", folder, "--key", vk, "--history-key", key, "--ledger-root",
             str(world.era.first_root), "--block", f"0x{BEFORE.hex()}"]
    assert main(words) == 0
    assert main(words) == 2
    assert main(["light", "follow", folder, "--peer", str(peer)]) == 0
    assert "1 eras taken: 3 blocks are proven" in capsys.readouterr().out
    assert main(["light", "show", folder]) == 0
    assert f"{world.era.last_root}, after 3 blocks, proven in 1 eras" in capsys.readouterr().out
    assert main(["light", "show", folder, "--json"]) == 0
    shown_record = json.loads(capsys.readouterr().out)
    assert (shown_record["ledger_root"], shown_record["proven_blocks"], shown_record["eras"]) == (
        str(world.era.last_root), 3, 1)
    shown = f"0x{world.hashes[2].hex()}"
    assert main(["light", "proven", folder, shown, "--peer", str(peer)]) == 0
    assert "block 2 of the 3 known here" in capsys.readouterr().out
    assert main(["light", "proven", folder, f"0x{'00' * 32}", "--peer", str(peer), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["place"] is None
    assert main(["light", "balance", folder, "2", "--peer", str(peer)]) == 2
    ledger = LightLedger.open(LightNode.open(folder))
    ledger.root = LEDGER.root
    ledger._write()
    for number, sentence in ((2, "balance 200, nonce 2"), (3, "there is no account 3")):
        (peer / account_file(LEDGER.root, number)).write_bytes(account_answer(LEDGER, number))
        assert main(["light", "balance", folder, str(number), "--peer", str(peer)]) == 0
        assert sentence in capsys.readouterr().out
    assert main(["light", "balance", folder, "2", "--peer", str(peer), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["balance"] == 200


def test_a_key_of_other_proofs_is_refused(world: World, tmp_path: Path) -> None:
    other: VerificationKey = replace(world.key, public_points=world.key.public_points[1:])
    node = LightNode.start(tmp_path, world.key, Checkpoint(3, world.root), 1)
    with pytest.raises(ProofmillError, match="a block proof has 4"):
        LightLedger.start(node, other, world.setup.heads, 1, BEFORE)


def test_evidence_is_what_a_beacon_block_says(world: World) -> None:
    evidence = read_evidence(world.evidence, "a peer")
    assert evidence.root == world.root and [each.hash for each in evidence.headers] == world.hashes
    turned = final_block(world.hashes[-1])
    turned.slot = 10
    assert bytes(spec.hash_tree_root(turned)) != evidence.root

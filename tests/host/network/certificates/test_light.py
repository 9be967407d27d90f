"""A light node takes what follows and holds, from peers that it does not trust."""

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.prover.groth16.verification_key import write_verification_key
from tests.host.network.certificates.conftest import Made, checkpoint, registry
from tests.host.network.node.storage_faults import no_byte_more


@pytest.fixture
def peer(made: Made, tmp_path: Path) -> Path:
    """A folder with all certificates."""
    folder = tmp_path / "peer"
    folder.mkdir()
    for (_, target), certificate in made.certificates.items():
        (folder / f"{target}.certificate").write_bytes(certificate.to_bytes())
    return folder


@pytest.fixture
def node(made: Made, tmp_path: Path) -> LightNode:
    return LightNode.start(tmp_path / "node", made.key, checkpoint(4), registry(4).commitment)


@pytest.fixture
def served(peer: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=peer)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_it_follows_a_peer_and_starts_again(node: LightNode, peer: Path) -> None:
    assert node.follow([str(peer)]) == 3
    assert (node.known.head, node.known.finalized) == (checkpoint(8), checkpoint(5))
    again = LightNode.open(node.folder)
    assert again.known == node.known and again.epochs == [5, 6, 8]
    assert again.follow([str(peer)]) == 0
    assert (node.folder / "state.json").stat().st_size < 1024
    assert max(path.stat().st_size for path in node.folder.glob("*.certificate")) == 440


def test_a_node_is_a_peer_and_so_is_a_server(node: LightNode, served: str, made: Made,
                                             tmp_path: Path) -> None:
    assert node.follow([served]) == 3
    other = LightNode.start(tmp_path / "other", made.key, checkpoint(4), registry(4).commitment)
    assert other.follow([str(node.folder)]) == 3 and other.known == node.known


def test_a_liar_is_refused_and_another_peer_asked(node: LightNode, peer: Path, tmp_path: Path
                                                  ) -> None:
    liar, heard = tmp_path / "liar", []
    liar.mkdir()
    five = bytearray((peer / "5.certificate").read_bytes())
    five[120] ^= 1
    (liar / "5.certificate").write_bytes(five)
    (liar / "6.certificate").write_bytes((peer / "5.certificate").read_bytes())
    (liar / "7.certificate").write_bytes(bytes(10_000))
    assert node.follow([str(liar), "http://127.0.0.1:1", str(peer)], heard.append) == 3
    assert len(heard) == 4
    assert "epoch 5 is refused: its proof does not verify" in heard[0]
    assert "http://127.0.0.1:1/5.certificate: does not answer" in heard[1]
    assert "epoch 6 is refused: is of epoch 5" in heard[2]
    assert "440 bytes, not 985" in heard[3]


def test_a_full_disk_is_not_a_peers_fault(node: LightNode, peer: Path) -> None:
    said: list[str] = []
    with no_byte_more(), pytest.raises(StorageError, match="5.certificate: cannot be written"):
        node.follow([str(peer)], said.append)
    assert said == [] and LightNode.open(node.folder).follow([str(peer)]) == 3


def test_what_does_not_follow_is_not_taken(node: LightNode, made: Made) -> None:
    before = node.known
    with pytest.raises(ProofmillError, match="not justified here"):
        node.take(made.certificates[5, 6])
    node.take(made.certificates[4, 5])
    with pytest.raises(ProofmillError, match="another registry"):
        LightNode(node.folder, Finality.start(checkpoint(5), 1), made.key).take(
            made.certificates[5, 6])
    assert before.head == checkpoint(4) and node.known.head == checkpoint(5)


def test_an_epoch_without_a_certificate_is_passed_over(node: LightNode, made: Made, peer: Path,
                                                       tmp_path: Path) -> None:
    """Of epoch 7 there is none, so 8 is from a source that is known by it alone."""
    (peer / "8.certificate").write_bytes(made.passed.to_bytes())
    assert node.follow([str(peer)]) == 3
    assert (node.known.head, node.known.finalized) == (checkpoint(8), checkpoint(7))
    again = LightNode.open(node.folder)
    assert again.known == node.known and again.known.justified[checkpoint(7)] == 0
    alone = LightNode.start(tmp_path / "alone", made.key, checkpoint(4), registry(4).commitment)
    with pytest.raises(ProofmillError, match="nor is the registry that its votes are counted by"):
        alone.take(made.passed)


def test_old_certificates_go(node: LightNode, made: Made) -> None:
    for epoch in range(1000, 1000 + LightNode.kept):
        (node.folder / f"{epoch}.certificate").write_bytes(bytes(440))
    node.take(made.certificates[4, 5])
    assert node.epochs == list(range(1000, 1000 + LightNode.kept))


@pytest.mark.parametrize("text, reason", (
    ("{", "start the node again"), ("{}", "kind"),
    (json.dumps({"kind": "x", "version": 1, "finalized": 0, "justified": []}), "is of 'x'"),
    (json.dumps({"kind": "proofmill light node", "version": 1, "finalized": 0, "justified": []}),
     "final epoch, 0, is not among"),
    (json.dumps({"kind": "proofmill light node", "version": 1, "finalized": 0, "justified": [
        {"epoch": 0, "root": "zz", "registry": "1"}]}), "start the node again")))
def test_a_damaged_state_is_named(node: LightNode, text: str, reason: str) -> None:
    (node.folder / "state.json").write_text(text)
    with pytest.raises(ProofmillError, match=f"state.json.*{reason}"):
        LightNode.open(node.folder)


def test_the_commands(made: Made, peer: Path, tmp_path: Path,
                      capsys: pytest.CaptureFixture[str]) -> None:
    key, folder = tmp_path / "vk.json", str(tmp_path / "light")
    write_verification_key(key, made.key)
    start = ["light", "start", folder, "--key", str(key), "--epoch", "4",
             "--root", "0x" + checkpoint(4).root.hex(), "--registry"]
    without = [*start[:7], "--registry", "5"]
    assert main(without) == 2 and "needs the checkpoint's --root" in capsys.readouterr().err
    assert main([*start, "1" * 80]) == 2 and "below r" in capsys.readouterr().err
    assert main([*start, str(registry(4).commitment)]) == 0
    assert main([*start, str(registry(4).commitment)]) == 2
    assert "is of a light node already" in capsys.readouterr().err
    assert main(["light", "follow", folder, "--peer", str(peer)]) == 0
    assert "epoch 8 is justified, 5 is final" in capsys.readouterr().out
    assert main(["light", "follow", folder, "--peer", str(tmp_path / "none")]) == 1
    capsys.readouterr()
    assert main(["light", "show", folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["finalized_epoch"], found["justified_epoch"]) == (5, 8)
    assert found["certificates"] == [5, 6, 8]
    assert main(["light", "show", folder]) == 0 and "epoch 5, 0x0505" in capsys.readouterr().out
    assert main(["why", "--epoch", "6", "--light", folder]) == 0
    said = capsys.readouterr().out
    assert "made epoch 5 final" in said and "Its proof holds." in said
    assert main(["why", "--epoch", "8", "--light", folder]) == 0
    assert "1 epochs between were passed over" in capsys.readouterr().out
    assert main(["why", "--epoch", "7", "--light", folder]) == 2
    assert "it has 3, of epochs 5 to 8" in capsys.readouterr().err
    for wrong in (["--epoch", "6"], ["--slot", "6", "--light", folder],
                  ["--epoch", "6", "--light", folder, "--json"]):
        assert main(["why", *wrong]) == 2

"""A full node hands files to light nodes, which take what these prove."""

import json
from collections.abc import Callable
from pathlib import Path

from proofmill.host.network.certificates.answers import account_file, block_file, read_account
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.light_ledger import (
    BLOCK_KEY,
    HISTORY_KEY,
    LightLedger,
)
from proofmill.host.network.certificates.publish import TRUST
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.node import light_files
from proofmill.host.network.node.light_files import LightFiles
from proofmill.host.prover.aggregation.setup import read_heads
from proofmill.host.prover.groth16.verification_key import read_verification_key
from tests.host.network.certificates.test_light_ledger import BEFORE, LEDGER
from tests.host.network.node.test_eras import LENGTH, Chain, Maker, chain  # noqa: F401


def names(folder: Path, suffix: str) -> list[str]:
    return sorted(path.name for path in folder.glob(f"*{suffix}"))


def test_light_nodes_follow_the_ledger_by_files(
        chain: Chain, tmp_path: Path, monkeypatch) -> None:  # noqa: F811
    maker, refused = Maker(tmp_path, chain), list[str]()
    light = LightNode.start(tmp_path / "own", chain.key, chain.finals[0], 1)
    maker.eras._follower.execution_layer.genesis_hash = BEFORE
    files = LightFiles(light, maker.eras)
    files.work()
    assert names(light.folder, ".era") == names(light.folder, ".account") == []
    maker.eras.hear(chain.final_blocks)
    maker.work()
    maker.eras.ledgers[LEDGER.root] = LEDGER
    files.work()
    # The first checkpoint's beacon block is after the fourth block.
    assert names(light.folder, ".headers") == ["0.headers", "2.headers"]

    def told() -> dict[str, object]:
        return json.loads((light.folder / TRUST).read_text())  # type: ignore[no-any-return]

    assert told() == {"epoch": 3, "root": chain.finals[0].root.hex(), "registry": "1",
                      "ledger_root": str(chain.blocks[0].before), "block_hash": BEFORE.hex()}

    def another(name: str, final: int) -> LightLedger:
        node = LightNode.start(tmp_path / name, chain.key, chain.finals[final], 1)
        said = told()
        return LightLedger.start(
            node, read_verification_key(light.folder / BLOCK_KEY),
            read_heads(light.folder / HISTORY_KEY), int(str(said["ledger_root"])),
            bytes.fromhex(str(said["block_hash"])))

    one = another("one", 0)
    peers, tell = [str(light.folder)], refused.append
    assert one.follow(peers, tell) == 2 and one.root == chain.blocks[2 * LENGTH - 1].after
    assert [one.proven(peers, each, tell) for each in chain.hashes[:5]] == [0, 1, 2, 3, None]
    shown = (light.folder / account_file(LEDGER.root, 5)).read_bytes()
    assert read_account(shown, LEDGER.root, 5, "it") == LEDGER.accounts[5]
    assert len(names(light.folder, ".account")) == len(LEDGER.accounts) * len(maker.eras.ledgers)
    # Whoever knows a later checkpoint needs the headers up to there.
    late = another("late", 1)
    assert late.follow(peers, tell) == 0 and "do not lead to the final" in refused.pop()
    light.known = Finality.start(chain.finals[1], 1)
    files.work()
    assert late.follow(peers, tell) == 2 and not refused
    # Another life finds what is there. The accounts of a ledger that is not shown any more go, and
    # so does an era.
    files = LightFiles(light, maker.eras)
    del maker.eras.ledgers[LEDGER.root]
    monkeypatch.setattr(light_files, "MOST_ERAS", 1)
    files.work()
    assert not (light.folder / account_file(LEDGER.root, 5)).exists()
    assert names(light.folder, ".era") == ["2.era"] and told()["epoch"] == 4
    assert not (light.folder / block_file(chain.hashes[0])).exists()
    assert told()["block_hash"] == chain.hashes[LENGTH - 1].hex()
    last = another("last", 1)
    assert last.root == chain.blocks[LENGTH - 1].after
    maker.close()


def test_places_are_shown_of_the_last_eras_that_were_asked_for(
        chain: Chain, tmp_path: Path) -> None:  # noqa: F811
    maker = Maker(tmp_path, chain)
    maker.eras.hear(chain.final_blocks)
    read: list[int] = []
    hashes: Callable[[int, int], list[bytes]] = maker.eras._blocks.hashes

    def counted(first: int, count: int) -> list[bytes]:
        read.append(first)
        return hashes(first, count)

    maker.eras._blocks.hashes = counted  # type: ignore[method-assign]
    for first in (0, 2, 0, 2, 2):
        assert maker.eras._tree(first) is not None
    assert read == [0, 2] and maker.eras._tree(6) is None
    maker.close()

"""The same miner on a node elsewhere: py-evm behind JSON-RPC, and Anvil where npm has it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.chain import EmbeddedChain
from proofmill.host.network.consensus.keys import ValidatorKey, derive_keys
from proofmill.host.network.consensus.miner import Event, Miner, SlotPassed
from proofmill.host.network.consensus.records import Status
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.external import DEVELOPMENT_CHAIN, ExternalEvm
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.network.second_layer.external_layer import ExternalLayer
from proofmill.host.prover.groth16.prove import Prover
from tests.host.network.consensus.conftest import (  # noqa: F401
    SIZE,
    MakeChain,
    Prove,
    Verify,
    circuit,
    make_chain,
    prove,
    prover,
    verify,
)
from tests.host.network.contracts.world import ETHER, private_key
from tests.host.network.evm.anvil import running_anvil
from tests.host.network.evm.rpc_server import Node, serving

SEED, VALIDATOR = 1, 9
NOW = 1_800_000_000


def keys() -> ValidatorKey:
    return derive_keys(SEED, VALIDATOR + 1)[VALIDATOR]


def balances() -> dict[bytes, int]:
    evm = EmbeddedEvm(1, {})
    oracle, reporter = (Account(evm, sha256(b"proofmill %s %d" % (name, SEED)).digest())
                        for name in (b"oracle", b"reporter"))
    carrier = Account(evm, private_key("carrier"))
    return dict.fromkeys((oracle.address, reporter.address, keys().address, carrier.address),
                         100 * ETHER)


@pytest.fixture
def make_node() -> Iterator[Callable[..., Node]]:
    with ExitStack() as stack:
        def make(chain_id: int = DEVELOPMENT_CHAIN, development: bool = True,
                 timestamp: int = NOW, rich: bool = True) -> Node:
            return stack.enter_context(serving(Node(
                chain_id, balances() if rich else {}, timestamp=timestamp,
                development=development)))

        yield make


@pytest.fixture(params=["py-evm", "anvil"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "py-evm":
        yield request.getfixturevalue("make_node")().url
        return
    with running_anvil(request.getfixturevalue("anvil_binary"), DEVELOPMENT_CHAIN, NOW) as node:
        yield node.url


def layer_on(
    url: str, chain: EmbeddedChain, prover: Prover, folder: Path,  # noqa: F811
    slot_seconds: int = 24,
) -> ExternalLayer:
    evm = ExternalEvm(url)
    evm.keep_in(folder)
    engines = EvmEngines(prover.key.verification_key)
    return ExternalLayer(chain, keys(), engines, evm, SEED, slot_seconds)


def test_mining_on_a_node_elsewhere(
    url: str, make_chain: MakeChain, prover: Prover, prove: Prove, tmp_path: Path,  # noqa: F811
) -> None:
    chain, quiet = make_chain(SEED), make_chain(SEED)
    chain.advance()
    layer = layer_on(url, chain, prover, tmp_path)
    heads: dict[int, tuple[bytes, bytes]] = {}

    def head(event: Event) -> None:
        if isinstance(event, SlotPassed):
            heads[event.report.slot] = (
                bytes(chain.head.root), bytes(spec.hash_tree_root(chain.head_state)))

    summary = Miner(chain, VALIDATOR, layer, prove, head).run(2)
    assert (summary.proofs_made, summary.proofs_included, summary.proofs_rejected) == (2, 2, 0)
    assert [credit.status for credit in layer.credits] == [Status.MATURED] * 2
    assert layer.balances()["reward"] >= summary.layer2_matured_wei > 0
    records = [layer.layer.rewards.call("record", slot) for slot in (2, 3)]
    assert sum(each["prover_amount"] for each in records) == summary.layer2_matured_wei
    # Whoever proposed the block that was reported is its includer.
    for slot, record in zip((2, 3), records, strict=True):
        assert (record["included_slot"], record["winner"]) == (slot + 1, 0)
        assert record["includer"] in [key.address for key in chain.keys]
    consensus = layer.layer.consensus
    assert (consensus.call("last_slot"), consensus.call("failed_hooks")) == (chain.slot, 0)
    assert layer.layer.bonds.call("invariants") and layer.layer.rewards.call("invariants")
    # Nothing of it is in the consensus chain: its blocks and states are those without a miner.
    for slot in range(1, 11):
        quiet.advance()
        assert slot == 1 or heads[slot] == (
            bytes(quiet.head.root), bytes(spec.hash_tree_root(quiet.head_state)))
    # Nothing is left to be sent again.
    assert layer.account._evm.journal.unsettled() == []  # type: ignore[attr-defined]


def test_what_is_not_the_right_node(make_node: Callable[..., Node]) -> None:
    other = make_node(chain_id=1)
    with pytest.raises(ProofmillError, match=f"{other.url} is of chain 1, not 31337.*--chain-id 1"):
        ExternalEvm(other.url)
    assert ExternalEvm(other.url, 1).chain_id == 1
    with pytest.raises(ProofmillError, match="127.0.0.1:9 does not answer eth_chainId.*whether it"):
        ExternalEvm("http://127.0.0.1:9")


@pytest.mark.parametrize("result", [None, 5, "chain", [], {"number": "0x1"}])
@pytest.mark.parametrize("method", ["eth_chainId", "eth_getBlockByNumber", "eth_getBalance"])
def test_what_speaks_json_rpc_and_is_no_ethereum_node(
    make_node: Callable[..., Node], monkeypatch: pytest.MonkeyPatch, result: object, method: str,
) -> None:
    node = make_node()
    answer = Node.answer
    monkeypatch.setattr(Node, "answer", lambda self, asked, parameters: (
        result if asked == method else answer(self, asked, parameters)))
    with pytest.raises(ProofmillError, match=f"{node.url}( answered {method}| yet)"):
        ExternalEvm(node.url).fund(b"\x01" * 20, 1)


@pytest.mark.parametrize("url", ["http://127.0.0.1:port", "http://", "http://[", "http://a b"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ProofmillError, match="does not answer eth_chainId"):
        ExternalEvm(url)


def test_an_account_without_ether_is_named(
    make_node: Callable[..., Node], make_chain: MakeChain, prover: Prover,  # noqa: F811
    tmp_path: Path,
) -> None:
    node = make_node(rich=False)
    chain = make_chain(SEED)
    chain.advance()
    with pytest.raises(ProofmillError, match=f"0x[0-9a-f]{{40}} has 0 wei at {node.url}.*send it"):
        layer_on(node.url, chain, prover, tmp_path)


def test_a_node_that_stops_in_the_middle(
    make_node: Callable[..., Node], make_chain: MakeChain, prover: Prover,  # noqa: F811
    prove: Prove, tmp_path: Path,  # noqa: F811
) -> None:
    node = make_node()
    chain = make_chain(SEED)
    chain.advance()
    layer = layer_on(node.url, chain, prover, tmp_path)
    miner = Miner(chain, VALIDATOR, layer, prove)
    node.requests = 60
    with pytest.raises(ProofmillError, match=f"the node at {node.url} does not answer"):
        miner.run(2)
    assert node.requests == 0


def test_another_s_blocks_are_noticed(
    make_node: Callable[..., Node], make_chain: MakeChain, prover: Prover,  # noqa: F811
    tmp_path: Path,
) -> None:
    node = make_node()
    chain = make_chain(SEED)
    chain.advance()
    layer = layer_on(node.url, chain, prover, tmp_path)
    layer.join()
    chain.advance()
    layer.slot_passed(chain)
    # Somebody else sets the clock forward.
    node.evm.next_block(node.evm.block().timestamp + 1_000)
    Account(node.evm, private_key("carrier")).send(b"\x01" * 20)
    chain.advance()
    with pytest.raises(ProofmillError, match="report of slot 3 into a block of slot 1.*own"):
        layer.slot_passed(chain)


def test_only_the_oracle_reports(
    make_node: Callable[..., Node], make_chain: MakeChain, prover: Prover,  # noqa: F811
    tmp_path: Path,
) -> None:
    chain = make_chain(SEED)
    chain.advance()
    layer = layer_on(make_node().url, chain, prover, tmp_path)
    oracle, layer._oracle = layer._oracle, Account(layer.layer.rewards.evm, private_key("carrier"))
    chain.advance()
    with pytest.raises(RevertedError, match="slot 2 at http.*only the protocol reports blocks"):
        layer.slot_passed(chain)
    layer._oracle = oracle
    layer.slot_passed(chain)
    assert layer.layer.consensus.call("last_slot") == 2


@pytest.mark.parametrize("sent", [False, True])
def test_a_killed_sender_s_transaction_is_sent_once(
    url: str, tmp_path: Path, sent: bool,
) -> None:
    """Killed after the journal's entry: before the node had the transaction, or right after."""
    def connect() -> tuple[ExternalEvm, Account]:
        evm = ExternalEvm(url)
        evm.keep_in(tmp_path)
        return evm, Account(evm, keys().account)

    evm, account = connect()
    evm.fund(account.address, ETHER)
    start = evm.nonce(account.address)
    target = b"\x42" * 20
    raw = account.sign(target, value=7)
    assert evm.journal is not None
    evm.journal.write(raw)
    if sent:
        ExternalEvm(url).send(raw)
    evm.close()  # what the end of the process does
    evm, account = connect()
    assert evm.nonce(account.address) == start + 1 and evm.balance(target) == 7
    assert evm.journal is not None and evm.journal.unsettled() == []
    account.send(target, value=1)
    evm.close()
    evm, _ = connect()
    assert evm.balance(target) == 8
    evm.close()


def test_a_void_transaction_is_given_up(make_node: Callable[..., Node], tmp_path: Path) -> None:
    """Its nonce was used by another, as by a chain that was reset and a key used elsewhere."""
    node = make_node()
    evm = ExternalEvm(node.url)
    evm.keep_in(tmp_path)
    account = Account(evm, keys().account)
    raw = account.sign(b"\x42" * 20, value=7)
    assert evm.journal is not None
    evm.journal.write(raw)
    Account(node.evm, keys().account).send(b"\x43" * 20)
    evm.close()
    evm = ExternalEvm(node.url)
    evm.keep_in(tmp_path)
    assert evm.journal is not None and evm.journal.unsettled() == []
    assert evm.balance(b"\x42" * 20) == 0
    evm.close()


@pytest.mark.slow
def test_a_node_with_its_own_time(
    make_node: Callable[..., Node], make_chain: MakeChain, prover: Prover,  # noqa: F811
    prove: Prove, tmp_path: Path,  # noqa: F811
) -> None:
    node = make_node(development=False, timestamp=int(time.time()) - 1)
    chain = make_chain(SEED)
    chain.advance()
    layer = layer_on(node.url, chain, prover, tmp_path, slot_seconds=8)
    assert not node.development
    miner = Miner(chain, VALIDATOR, layer, prove)
    start = time.time()
    layer.join()
    report = miner._next_slot(proving=True)
    miner._mine(report.slot)
    miner._next_slot(proving=False)
    assert layer.credits[0].status is Status.PENDING
    assert time.time() - start > 8

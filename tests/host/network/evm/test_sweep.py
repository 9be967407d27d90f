"""What the machine drops of old states and blocks: nothing that can be asked for."""

from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm import embedded
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.history import History
from tests.host.network.contracts.world import CHAIN_ID, ETHER, GENESIS_TIME, private_key
from tests.host.network.evm.test_evm import COUNTER

BLOCKS, ANCESTORS = 24, 6


def machine(history: History | None = None) -> tuple[EmbeddedEvm, Contract, Account]:
    """A counter, to which blocks have added 1, 2, …; the machine retires as it goes if it has a
    history."""
    key = private_key("deployer")
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**6 * ETHER}, GENESIS_TIME)
    account = Account(evm, key)
    counter = Contract.deploy(account, evm, compile_source("counter", COUNTER), 7)
    evm.history = history
    for number in range(1, BLOCKS + 1):
        counter.send(account, "add", number)
        if history is not None:
            evm.retire(evm.block().parent_hash)
    return evm, counter, account


def test_a_machine_that_forgets_goes_on_as_one_that_does_not(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ANCESTORS", ANCESTORS)
    monkeypatch.setattr(embedded, "LEAST_SWEPT", 1)
    whole, counter, account = machine()
    with History(tmp_path / "history.sqlite") as history:
        small, same, other = machine(history)
        assert small.head == whole.head
        assert same.call("total") == counter.call("total") == 7 + BLOCKS * (BLOCKS + 1) // 2
        assert small.nonce(account.address) == whole.nonce(account.address)
        assert small.code(counter.address) == whole.code(counter.address) != b""
        latest = whole.block().number
        for number in range(1, latest + 1):
            assert small.block(number) == whole.block(number)
        for first, last in ((0, None), (0, latest), (3, 9), (latest, latest), (5, 2),
                            (latest - ANCESTORS - 3, latest - 1)):
            logs = whole.logs(counter.address, first, last)
            assert small.logs(counter.address, first, last) == logs
            assert logs or first > (latest if last is None else last)
        assert len(small._blocks) <= ANCESTORS + 3
        assert len(small._entries) < len(whole._entries) / 2
        # What a block needs is there: the next ones are the same.
        assert counter.send(account, "add", 5).block_hash == same.send(other, "add", 5).block_hash
        assert small.receipt(bytes(32)) is None
        with pytest.raises(ProofmillError, match="unknown to the embedded machine"):
            small.execute(whole.block(2).hash, [], GENESIS_TIME + 10**6, bytes(32))


def test_the_history_is_the_same_after_a_restart(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a former life are executed again, and kept once."""
    monkeypatch.setattr(embedded, "ANCESTORS", ANCESTORS)
    with History(tmp_path / "history.sqlite") as history:
        _, counter, _ = machine(history)
        first = history.logs(counter.address, 0, BLOCKS)
    with History(tmp_path / "history.sqlite") as history:
        machine(history)
        assert history.logs(counter.address, 0, BLOCKS) == first != []
        assert history.block(BLOCKS * 2) is None

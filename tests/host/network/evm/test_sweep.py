"""What the machine drops of old states and blocks: nothing that can be asked for."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from eth.vm.interrupt import EVMMissingData

from proofmill.host.ground.database import DamagedError
from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.evm import embedded, states
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.history import History
from proofmill.host.network.evm.states import StateFile
from tests.host.network.contracts.world import CHAIN_ID, ETHER, GENESIS_TIME, private_key
from tests.host.network.evm.test_evm import COUNTER
from tests.host.network.node.storage_faults import failing

BLOCKS, ANCESTORS = 24, 6


def machine(history: History | None = None, file: StateFile | None = None
            ) -> tuple[EmbeddedEvm, Contract, Account]:
    """A counter, to which blocks have added 1, 2, …; the machine retires as it goes if it has a
    history."""
    key = private_key("deployer")
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**6 * ETHER}, GENESIS_TIME)
    if file is not None:
        evm.keep_in(file)
    account = Account(evm, key)
    counter = Contract.deploy(account, evm, compile_source("counter", COUNTER), 7)
    evm.history = history
    for number in range(1, BLOCKS + 1):
        counter.send(account, "add", number)
        if history is not None:
            evm.retire(evm.block().parent_hash)
    return evm, counter, account


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_machine_that_forgets_goes_on_as_one_that_does_not(
        on_disk: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ANCESTORS", ANCESTORS)
    monkeypatch.setattr(states, "LEAST_SWEPT", 1)
    whole, counter, account = machine()
    with ExitStack() as files:
        history = files.enter_context(History(tmp_path / "history.sqlite"))
        small, same, other = machine(history, files.enter_context(
            StateFile(tmp_path / "states.sqlite")) if on_disk else None)
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
        assert len(small.entries) < len(whole.entries) / 2
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


def test_a_disk_that_fails_is_the_owners_trouble(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is taken for a fault of a transaction, and what was not written is not lost."""
    monkeypatch.setattr(states, "LEAST_SWEPT", 1)
    key = private_key("deployer")
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**6 * ETHER}, GENESIS_TIME)
    account = Account(evm, key)
    with StateFile(tmp_path / "states.sqlite") as file:
        evm.keep_in(file)
        counter = Contract.deploy(account, evm, compile_source("counter", COUNTER), 7)
        for number in range(1, 5):
            counter.send(account, "add", number)
            if number == 3:
                with ExitStack() as undo:
                    failing(file, undo)
                    with pytest.raises(StorageError, match="the disk fails"):
                        evm.retire(evm.head)
                assert counter.call("total") == 13
            evm.retire(evm.head)
        file.move({evm.block().state_root}, evm.entries)
        with file._transaction() as database:
            database.execute("UPDATE nodes SET data = x'c0'")
        file._recent.clear()
        evm._states._new.clear()
        with pytest.raises(DamagedError, match="has another hash"):
            evm.execute(evm.head, [], GENESIS_TIME + 10**6, bytes(32))
        with pytest.raises(DamagedError, match="has another hash"):
            counter.call("total")
        with file._transaction() as database:
            database.execute("DELETE FROM nodes")
        with pytest.raises(EVMMissingData):
            evm.execute(evm.head, [], GENESIS_TIME + 10**6, bytes(32))

"""Worlds on the embedded machine, and on Anvil where npm can fetch it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.evm.client import Address, DevelopmentEvm
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.parameters import Parameters
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    GENESIS_TIME,
    PLAIN,
    World,
    private_key,
)
from tests.host.network.evm.anvil import install_anvil, running_anvil

MakeWorld = Callable[..., World]
RICH = ("deployer", "carrier", "thief", "delegator", "requester", "solver",
        *(f"owner {number}" for number in range(32)))


def addresses() -> list[Address]:
    return [address_of(private_key(name)) for name in RICH]


@pytest.fixture(scope="session")
def anvil_binary() -> Path:
    try:
        return install_anvil(cache_folder() / "anvil")
    except ProofmillError as error:
        pytest.skip(str(error))


@contextmanager
def running(kind: str, request: pytest.FixtureRequest) -> Iterator[DevelopmentEvm]:
    balances = {address: 100_000 * ETHER for address in addresses()}
    if kind == "embedded":
        yield EmbeddedEvm(CHAIN_ID, balances, timestamp=GENESIS_TIME - 1_000)
        return
    binary = request.getfixturevalue("anvil_binary")
    with running_anvil(binary, CHAIN_ID, GENESIS_TIME - 1_000) as node:
        for address, balance in balances.items():
            node.ask("anvil_setBalance", "0x" + address.hex(), hex(balance))
        yield node


@pytest.fixture(scope="session", params=["embedded", "anvil"])
def node(request: pytest.FixtureRequest) -> Iterator[DevelopmentEvm]:
    with running(request.param, request) as evm:
        yield evm


@pytest.fixture
def evm(node: DevelopmentEvm) -> Iterator[DevelopmentEvm]:
    """Each test's own branch: it is left afterwards."""
    fork = node.snapshot()
    yield node
    node.revert(fork)


@pytest.fixture(scope="session")
def layers(request: pytest.FixtureRequest) -> Iterator[Callable[..., World]]:
    """Worlds whose contracts are created once for each kind of node and parameters."""
    with ExitStack() as stack:
        made: dict[tuple[str, Parameters], World] = {}

        def make(kind: str, parameters: Parameters) -> World:
            if (kind, parameters) not in made:
                evm = stack.enter_context(running(kind, request))
                made[kind, parameters] = World(evm, parameters)
            return made[kind, parameters]

        yield make


@pytest.fixture(params=["embedded", "anvil"])
def make_world(
    request: pytest.FixtureRequest, layers: Callable[..., World]
) -> Iterator[MakeWorld]:
    """A world with the first provers in it, on a branch of its own; one a test."""
    forks: list[tuple[DevelopmentEvm, object]] = []

    def make(provers: int = 0, parameters: Parameters = PLAIN) -> World:
        base = layers(request.param, parameters)
        forks.append((base.evm, base.evm.snapshot()))
        world = World(base.evm, parameters, layer=base.layer)
        for prover in range(provers):
            world.join(prover)
        return world

    yield make
    for evm, fork in reversed(forks):
        evm.revert(fork)

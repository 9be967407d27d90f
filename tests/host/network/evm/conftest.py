"""The development nodes of the tests of contracts."""

from tests.host.network.contracts.conftest import anvil_binary, evm, node

__all__ = ["anvil_binary", "evm", "node"]

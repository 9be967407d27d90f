"""Who trades on a devnet's market: a buyer, and every prover as a seller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eth_hash.auto import keccak

from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address
from proofmill.host.network.node.buyer import BuyerTerms
from proofmill.host.network.node.market_part import MarketSetup
from proofmill.host.network.node.market_place import GoodsFiles, MarketPlace, open_market
from proofmill.host.network.node.opening import Founder
from proofmill.host.network.node.seller import SellerTerms

CAPITAL_GWEI = 10**9
"""Of each seller: an ether."""
COST_GWEI = 2_800.0
"""Of a second of an array, as in docs/attacks.md."""


@dataclass(frozen=True)
class MarketPlan:
    """A devnet's market: what is traded, and the slot after which no job is posted."""

    files: GoodsFiles
    last_slot: int


def key_of(seed: int, name: str) -> bytes:
    """The private key of who trades under this name, 32 bytes: no secret, as all of a devnet's."""
    return bytes(keccak(f"proofmill market {seed} {name}".encode()))


BUYER, FOUNDER = "buyer", "founder"


def rich(seed: int, sellers: Sequence[str]) -> set[Address]:
    """Accounts that need ether from the start."""
    return {address_of(key_of(seed, name)) for name in (BUYER, FOUNDER, *sellers)}


def founder(seed: int, plan: MarketPlan) -> Founder:
    """What creates the market before the first slot."""
    return lambda evm, parameters: open_market(
        Account(evm, key_of(seed, FOUNDER)), evm, parameters, plan.files)


def setups(seed: int, plan: MarketPlan, place: MarketPlace, folder: Path, sellers: Sequence[str],
           buyer: str) -> Mapping[str, MarketSetup]:
    """What each node that trades is told, by its name."""
    inputs = folder / "inputs"
    everybody = MarketSetup(place, plan.files)
    found = {name: replace(everybody, seller=SellerTerms(
        key_of(seed, name), CAPITAL_GWEI, COST_GWEI, inputs)) for name in sellers}
    found[buyer] = replace(found.get(buyer, everybody), buyer=BuyerTerms(
        key_of(seed, BUYER), inputs, seed, plan.last_slot))
    return found

"""The contract of rewards where what it is told of layer 1 is provisional, and the contract that is
told it by anybody.

Chains whose protocol tells it go on with the contract as it is, to the byte: their first state has
its code. So what differs is put into its source here, a passage each (`mechanism.provisional` has
the rules).
"""

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compiled, contract_source
from proofmill.host.network.contracts.poseidon import hash_artifact, hash_source
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract

REGISTRY_NUMBERS = 9
"""Of which a registry's commitment is the hash."""

_PASSAGES = (
    ("""\
    def was_divided(first: uint256, last: uint256) -> bool: view
""", """\
    def SYSTEM() -> address: view

interface Reports:
    def standing(first: uint256, last: uint256) -> uint256: view
    def was_excused(first: uint256, last: uint256) -> bool: view
"""),
    ("""\
CONSENSUS_ADDRESS: immutable(address)
""", """\
CONSENSUS_ADDRESS: immutable(address)
REPORTS: immutable(Reports)
UNKNOWN: constant(uint256) = 0
HOLDS: constant(uint256) = 1
VOID: constant(uint256) = 2
"""),
    ("""\
    CONSENSUS_ADDRESS = consensus
""", """\
    CONSENSUS_ADDRESS = consensus
    REPORTS = Reports(staticcall Consensus(consensus).SYSTEM())
"""),
    ("""\
    assert staticcall CONSENSUS.finalized_slot() >= self.records[slot].included_slot, (
        "the including block is not final")
""", """\
    standing: uint256 = staticcall REPORTS.standing(slot, self.records[slot].included_slot)
    assert standing != UNKNOWN, "the reports up to the including block are not proven"
    assert standing != VOID, "a report between this slot and the including block is void"
"""),
    ("""\
    left: uint256 = P.settlements
""", """\
    for index: uint256 in range(self._settling_slot, SLOTS_PER_EPOCH, bound=MAXIMUM_SLOTS):
        if self._reports_of(epoch * SLOTS_PER_EPOCH + index) == UNKNOWN:
            return
    left: uint256 = P.settlements
"""),
    ("""\
            if penalty.invalid:
""", """\
            if penalty.invalid and self._reports_of(slot) == VOID:
                charged = 0
            elif penalty.invalid:
"""),
    ("""\
    return judged > 0 and staticcall CONSENSUS.was_divided(slot, judged - 1)
""", """\
    return judged > 0 and staticcall REPORTS.was_excused(slot, judged - 1)

@internal
@view
def _reports_of(slot: uint256) -> uint256:
    \"\"\"
    @notice What is known of the reports from after a slot to the one that ended its duties.
    \"\"\"
    judged: uint256 = self.records[slot].judged
    if judged == 0:
        return HOLDS
    return staticcall REPORTS.standing(slot, judged - 1)
"""),
)


def for_provisional(source: str) -> str:
    """The source of Rewards.vy with these rules. `ProofmillError` where a passage is not in it,
    once: the contract has changed, and this has to follow."""
    for usual, provisional in _PASSAGES:
        if source.count(usual) != 1:
            raise ProofmillError(f"Rewards.vy has {usual.strip()!r} {source.count(usual)} times, "
                                 "not once; adapt contracts/provisional.py to it")
        source = source.replace(usual, provisional)
    return source


def reports_sources() -> dict[str, str]:
    """What is compiled for `deploy_reports`, by name."""
    return {"ProvenReports": contract_source("ProvenReports"),
            f"Poseidon of {REGISTRY_NUMBERS}": hash_source(REGISTRY_NUMBERS)}


def deploy_reports(account: Account, evm: Evm, finality: Address, deposit: int, bid: int,
                   first: tuple[bytes, int, bytes, int]) -> Contract:
    """Create ProvenReports, which takes each report with `deposit` wei; two transactions.

    `finality`: a FinalityCertificate; `bid`: where a block's body has the hash of the payload
    before it, as a generalized index; `first`: the block from which headers are followed, its slot,
    the hash of the last payload up to there, and the ledger's root after that. Then `account`
    connects it with the contract Consensus that has it as its system.
    """
    hash9 = Contract.deploy(account, evm, hash_artifact(REGISTRY_NUMBERS))
    return Contract.deploy(
        account, evm, compiled("ProvenReports"), finality, hash9.address, deposit, bid, *first)

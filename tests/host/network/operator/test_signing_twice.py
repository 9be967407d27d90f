"""Who signs twice with a companion key on a running chain of `node` loses its bond there."""

from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.bench.soak import GENESIS, SLOT_MS
from proofmill.host.network.node.companion_bonds import COMPANION_BOND_WEI, SlashedKey
from proofmill.host.network.operator.new import NewChain, make_chain
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.running import RunningNode
from proofmill.host.network.operator.settings import read_settings
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.node import killed
from tests.host.network.operator.hurried import SharedTime
from tests.host.network.operator.service import free_ports

SIZE = CertificateSize(6, 1, True)
"""With places for one vote: nobody makes certificates here."""
QUIET = {f"PROOFMILL_{name}": "false" for name in (
    "METRICS_ENABLED", "MINER_ENABLED", "API_ENABLED")}


def nodes(folder: Path) -> list[Prepared]:
    """Of a new chain with two nodes, of which the first one proves."""
    ports = free_ports(2)
    configs = make_chain(folder, NewChain(
        name="a chain", nodes=2, provers=1, validators=64, genesis_seconds=GENESIS,
        slot_milliseconds=SLOT_MS, seed=3, size=SMALLEST, devices=["cpu"], first_port=9000,
        sign_transfers=True,
        certificates=(SIZE, development_setup(FinalityCircuit(SIZE).r1cs, seed=bytes(32)))),
        killed.KEY)
    for config in configs:
        text = config.read_text()
        for number, port in enumerate(ports):
            text = text.replace(f"port = 9_{number:03}", f"port = {port}").replace(
                f"127.0.0.1:{9000 + number}", f"127.0.0.1:{port}")
        config.write_text(text)
    return [prepared(read_settings(config, QUIET | {"PROOFMILL_CERTIFICATES_MAKE": "false"}),
                     config.parent, "1.2.3") for config in configs]


@pytest.mark.slow
def test_a_peer_takes_the_bond_of_who_signs_twice(tmp_path: Path) -> None:
    """Two real nodes with their files and connections: the second one's first validator signs two
    votes, the first node hears both, and has the bond taken in a block of its own. Both nodes'
    references agree with the contracts at every block, or the node ends."""
    honest, liar = nodes(tmp_path / "mill")
    guilty = liar.setup.own[0]
    assert liar.setup.certificates is not None
    liar = replace(liar, setup=replace(liar.setup, certificates=replace(
        liar.setup.certificates, sign_twice=guilty)))
    found: dict[str, tuple[SlashedKey, ...]] = {}
    evidence: dict[str, set[int]] = {}

    def on_step(running: RunningNode) -> None:
        node = running.node
        assert node is not None and node.certificates is not None
        found[node.setup.name] = node.certificates.slashed
        evidence[node.setup.name] = {
            first.validator for first, _ in node.certificates.companions.evidence}

    clock = SharedTime(26, enough=lambda running: len(found) == 2 and all(found.values()))
    for running in clock.run([honest, liar], on_step):
        assert running.node is not None
        state = running.node.follower.head_state()
        # Layer 1 knows nothing of companion keys.
        assert not any(each.slashed for each in state.validators)
    assert evidence == {honest.setup.name: {guilty}, liar.setup.name: set()}
    (slashed,) = found[honest.setup.name]
    assert found[liar.setup.name] == (slashed,) and slashed.validator == guilty
    # Who proposed is paid: a validator of the node that has heard it.
    assert slashed.reporter in honest.setup.own
    assert slashed.bounty_wei == COMPANION_BOND_WEI // 8
    assert slashed.bounty_wei + slashed.burned_wei == COMPANION_BOND_WEI

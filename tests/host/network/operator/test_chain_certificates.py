"""Nodes of a service take part in certificates of finality, by keys that their keystores keep."""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.companion import companion_secret
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.rule import GENESIS
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.node import companion_bonds
from proofmill.host.network.node.companions import Companions
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.node import Node
from proofmill.host.network.operator.chain_certificates import ChainCertificates
from proofmill.host.network.operator.chain_file import chain_text, read_chain
from proofmill.host.network.operator.keystores import read_keystores, read_password
from proofmill.host.network.operator.new import CERTIFICATE_ZKEY, NewChain, make_chain
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.settings import read_settings
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.node import killed
from tests.host.network.operator.service import ROOT, Service, free_ports

SIZE = CertificateSize(6, 1, True)
"""For 64 validators; with places for one vote the circuit is small."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a chain with certificates and two nodes, of which the first one proves."""
    folder = tmp_path_factory.mktemp("chain") / "mill"
    key = development_setup(FinalityCircuit(SIZE).r1cs, seed=b"certificates")
    make_chain(folder, NewChain(
        name="a chain", nodes=2, provers=1, validators=64, genesis_seconds=0.0,
        slot_milliseconds=2000, seed=3, size=SMALLEST, devices=["cpu"], first_port=9000,
        sign_transfers=True, certificates=(SIZE, key)), killed.KEY)
    return folder


def ready(home: Path, **environment: str) -> Prepared:
    return prepared(read_settings(home / "node.toml", environment), home, "1.2.3")


def test_the_description_has_every_companion_key(chain: Path) -> None:
    home = chain / "node-1"
    found = read_chain(home / "chain.json")
    assert chain_text(found) == (home / "chain.json").read_bytes()
    assert found.certificates is not None and found.certificates.size == SIZE
    own = read_keystores(home / "keys", read_password(home / "password.txt", "password"))
    assert {public_key(companion_secret(key)) for key in own} < {
        each.key for each in found.certificates.registrations}
    assert [each.validator for each in found.certificates.registrations] == [*range(64)]
    # A secret companion key is in no file, but for the keystores, from which it follows.
    for path in (path for path in chain.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for key in own[:2]:
            secret = companion_secret(key)
            assert secret not in content and secret.hex().encode() not in content
    # The contracts pay certificates by these keys from the first block on.
    follower = Follower(found.setup)
    found.require(follower)
    contracts = follower.execution_layer.certificate_contracts
    assert contracts is not None and contracts.finality.call("registry_of", 0) == Companions(
        follower, found.certificates.registrations, {}, SIZE).registry_at(GENESIS).commitment


def test_who_proves_makes_certificates_and_all_sign(chain: Path) -> None:
    first, second = (ready(chain / f"node-{number}").setup.certificates for number in (0, 1))
    assert first is not None and second is not None
    assert first.zkey == chain / "node-0" / ".." / CERTIFICATE_ZKEY and second.zkey is None
    assert first.sign and second.sign and first.registrations == second.registrations
    quiet = ready(chain / "node-0", PROOFMILL_CERTIFICATES_SIGN="false",
                  PROOFMILL_CERTIFICATES_MAKE="false").setup.certificates
    assert quiet is not None and quiet.zkey is None and not quiet.sign


def test_every_nodes_first_companion_key_is_bonded(chain: Path) -> None:
    """And evidence of two votes goes to the contract that the description names."""
    home = chain / "node-1"
    found = read_chain(home / "chain.json")
    assert found.certificates is not None
    address = found.certificates.bonds
    contract = Contract(Follower(found.setup).execution_layer.evm, compiled("CompanionBonds"),
                        cast(bytes, address))
    amounts = [contract.call("bonds", *each.key)["amount"]
               for each in found.certificates.registrations]
    assert amounts == [companion_bonds.COMPANION_BOND_WEI] * 2 + [0] * 62
    setup = ready(home).setup.certificates
    assert setup is not None and setup.bonds == address
    # A chain of before has none, and its nodes hand no evidence in.
    entry = replace(found.certificates, bonds=None).entry
    known = ChainCertificates.read(entry, "chain.json")
    assert known.setup(True, None, found.setup.verification_key).bonds is None


def test_certificates_are_proven_on_the_device_that_is_named(chain: Path) -> None:
    home = chain / "node-0"

    def device(**environment: str) -> str:
        found = ready(home, **environment).setup.certificates
        assert found is not None
        return found.device

    assert device() == "cpu"
    assert device(PROOFMILL_CERTIFICATES_DEVICE="rtl") == "rtl"
    board = "serial:/dev/ttyUSB0"
    assert device(PROOFMILL_CERTIFICATES_DEVICE=board) == board
    for name, more, reason in (
            ("modl", {}, r"CERTIFICATES_DEVICE.*: there is no device 'modl'"),
            ("workers", {}, r"CERTIFICATES_DEVICE.*: there is no device 'workers'"),
            ("serial:", {}, "is no serial port"),
            (board, {"PROOFMILL_PROVER_DEVICES": board}, "makes block proofs; name another board")):
        with pytest.raises(ProofmillError, match=reason):
            device(PROOFMILL_CERTIFICATES_DEVICE=name, **more)


def test_a_node_signs_if_its_settings_say_so(chain: Path, tmp_path: Path) -> None:
    shutil.copytree(chain / "node-1", tmp_path / "node-1")
    secrets = {}
    for sign in ("true", "false"):
        setup = replace(ready(tmp_path / "node-1", PROOFMILL_CERTIFICATES_SIGN=sign).setup,
                        folder=tmp_path / sign)
        node = Node(setup)
        assert node.certificates is not None
        secrets[sign] = node.certificates.companions._secrets
        node.certificates.close()
        node._files.close()
    assert secrets["false"] == {} and secrets["true"].keys() == {*range(1, 64, 2)}


@pytest.mark.parametrize(("change", "said"), [
    (lambda part: part.update(depth=41), "a registry of depth 1 to 40, not 41"),
    (lambda part: part["registrations"][5].update(key=f"0x{'ff' * 32}"),
     r"certificates.registrations\[5\]: .*: no packed point"),
    (lambda part: part["registrations"][5].update(validator=6),
     "certificates: the registration of validator 6: the validator's key has not signed it"),
    (lambda part: part["registrations"][5].update(possession=part["registrations"][6][
        "possession"]), "certificates: the registration of validator 5: the companion key has not"),
    (lambda part: part.update(verification_key={}), "certificates.verification_key"),
    (lambda part: part["registrations"][0].update(from_epoch=-1), "from_epoch = -1"),
])
def test_a_description_that_does_not_hold_is_told(chain: Path, tmp_path: Path, change, said: str
                                                  ) -> None:
    document = json.loads((chain / "chain.json").read_text())
    change(document["certificates"])
    (tmp_path / "chain.json").write_text(json.dumps(document))
    with pytest.raises(ProofmillError, match=said) as told:
        read_chain(tmp_path / "chain.json")
    assert "chain.json" in str(told.value) or "depth" in said


def test_settings_that_do_not_fit_are_told(chain: Path, tmp_path: Path) -> None:
    home = chain / "node-0"
    with pytest.raises(ProofmillError, match="certificates.key .*none.zkey.*; name the proving"):
        ready(home, PROOFMILL_CERTIFICATES_KEY="none.zkey")
    with pytest.raises(ProofmillError, match="is of another circuit or ceremony than the chain's"):
        ready(home, PROOFMILL_CERTIFICATES_KEY="../block.zkey")
    with pytest.raises(ProofmillError, match="CERTIFICATES_MAKE: the node is no prover"):
        ready(chain / "node-1", PROOFMILL_CERTIFICATES_MAKE="true")
    document = json.loads((home / "chain.json").read_text())
    del document["certificates"]
    (tmp_path / "chain.json").write_text(json.dumps(document))
    place = {"PROOFMILL_NODE_CHAIN": str(tmp_path / "chain.json")}
    with pytest.raises(ProofmillError, match="certificates.make: the chain 'a chain' has no cert"):
        ready(home, **place)
    assert ready(home, PROOFMILL_CERTIFICATES_MAKE="false", **place).setup.certificates is None


@pytest.mark.slow
def test_a_light_node_follows_what_services_make(tmp_path: Path) -> None:
    """Two processes by the wall clock, of which one makes certificates, and a light node that takes
    these from the other one's folder, as from a server that it does not trust."""
    mill = tmp_path / "mill"
    subprocess.run(
        [sys.executable, "-m", "proofmill.host.cli.main", "node", "init", str(mill), "--nodes", "2",
         "--provers", "1", "--certificates", "--accounts", "2", "--transfers", "1",
         "--sign-transfers", "--slot-milliseconds", "8000", "--genesis-in", "180"],
        cwd=ROOT, check=True, timeout=1200)
    homes = [mill / "node-0", mill / "node-1"]
    ports = free_ports(2)
    for home in homes:
        text = (home / "node.toml").read_text()
        for number, port in enumerate(ports):
            text = text.replace(f"port = 9_{number:03}", f"port = {port}").replace(
                f"127.0.0.1:{9000 + number}", f"127.0.0.1:{port}")
        (home / "node.toml").write_text(text)
    quiet = {f"PROOFMILL_{name}_ENABLED": "false" for name in ("METRICS", "MINER", "API")}
    with Service(homes[0], **quiet) as first, Service(homes[1], **quiet) as second:
        for service in (first, second):
            # Epoch 2 on a machine that has nothing else to do.
            service.until("certificate_exchange",
                          r"the certificate of epoch \d+ holds; epoch [1-9]",
                          seconds=1200)
        ended = [service.end(signal.SIGTERM)[0] for service in (first, second)]
    assert ended == [0, 0]
    chain = read_chain(homes[0] / "chain.json")
    assert chain.certificates is not None
    companions = Companions(Follower(chain.setup), chain.certificates.registrations, {},
                            chain.certificates.size)
    light = LightNode.start(tmp_path / "light", chain.certificates.key, GENESIS,
                            companions.registry_at(GENESIS).commitment)
    refused: list[str] = []
    assert light.follow([str(homes[1] / "data" / "light")], refused.append) >= 2 and not refused
    assert light.known.finalized.epoch >= 1

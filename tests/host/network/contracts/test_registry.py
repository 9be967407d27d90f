"""The registry of verifiers: the proof system and the key of each, held to the rules in Python."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.block_verifiers import block_key_hash, system_of
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.market import Way, deploy_market, inputs_digest
from proofmill.host.network.contracts.registry import (
    check_verifier,
    deploy_registry,
    pin,
    pinned,
    register_key,
)
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.verifiers import (
    IDENTIFIERS,
    PROOF_NUMBERS,
    Verifier,
    VerifierRegistry,
    system_named,
)
from proofmill.host.prover.fflonk.verification_key import read_any_key
from proofmill.host.prover.plonk.systems import FFLONK, GROTH16, PLONK, SYSTEMS
from tests.host.network.contracts import gate_systems
from tests.host.network.contracts.world import (
    CHAIN_ID,
    ETHER,
    PLAIN,
    STATEMENT_CHAIN_ID,
    private_key,
)
from tests.host.prover.groth16.files import VECTORS
from tests.host.prover.plonk.files import PLONK as FILES

FOLDER = Path(__file__).parent
NAMES = ("deployer", "thief")
UNKNOWN = b"\x00\x00\x00\x01"


def machine(chain: int = CHAIN_ID) -> EmbeddedEvm:
    return EmbeddedEvm(chain, {address_of(private_key(name)): 1_000 * ETHER
                               for name in (*NAMES, "solver")})


def any_verifier(account: Account, evm: EmbeddedEvm, system: bytes, key_hash: bytes,
                 signals: int, numbers: int) -> Contract:
    source = (FOLDER / "any_signals.vy").read_text().replace(
        "uint256[8]", f"uint256[{numbers}]")
    return Contract.deploy(account, evm, compile_source("any_signals", source),
                           key_hash, signals, system)


def repeats(proof: Sequence[int], signals: Sequence[int]) -> bool:
    """What `any_signals.vy` says."""
    return list(proof[:len(signals)]) == list(signals)


def test_it_is_the_rules_in_plain_integers() -> None:
    """The same numbers, refusals and verdicts, over steps that meet every refusal."""
    evm, rng = machine(), Random(23)
    deployer = Account(evm, private_key("deployer"))
    contract = deploy_registry(deployer, evm, local=False)
    hashes = [bytes([n]) * 32 for n in (1, 2)]
    verifiers: dict[int, Verifier] = {}
    for n, (name, key_hash) in enumerate(product(SYSTEMS, hashes)):
        made = any_verifier(deployer, evm, IDENTIFIERS[name], key_hash, 1 + n % 2,
                            PROOF_NUMBERS[name])
        verifiers[int.from_bytes(made.address, "big")] = Verifier(
            IDENTIFIERS[name], key_hash, 1 + n % 2, evm.code(made.address), repeats)
    start, places, met = evm.snapshot(), sorted(verifiers), set[str]()
    for _ in range(6):
        evm.revert(start)
        start = evm.snapshot()
        accounts = {name: Account(evm, private_key(name)) for name in NAMES}
        twin = VerifierRegistry(verifiers, local=False)
        for _ in range(10):
            account = accounts[rng.choice(NAMES)]
            met.add(_step(rng, twin, contract, account, rng.choice([*places, 1]), hashes))
        assert contract.call("count") == len(twin.entries)
        for number, entry in enumerate(twin.entries):
            told = contract.call("entry", number)
            assert (told["system"], told["key_hash"], told["signals"], told["retired"]) == (
                entry.system, entry.key_hash, entry.signals, entry.retired)
        for number, zeros in product(range(len(twin.entries) + 1), (5, 6, 22)):
            proof = [7, 8, *([0] * zeros)]
            signals = rng.choice(([7], [7, 8], [7, 9]))
            assert contract.call("verify", number, proof, signals) == twin.verify(
                number, proof, signals)
            assert contract.call("is_open", number, len(signals)) == twin.is_open(
                number, len(signals))
    assert met == {"", "there is no contract at this address", "this is no proof system",
                   "the verifier is of another system", "the verifier is for another key",
                   "this key is added already", "there is no such verifier",
                   "only who added a verifier retires it", "the verifier is retired already"}


def _step(rng: Random, twin: VerifierRegistry, contract: Contract, account: Account, place: int,
          hashes: Sequence[bytes]) -> str:
    """Add or retire, mostly rightly, in both; why both refuse, or nothing."""
    sender, kind = int.from_bytes(account.address, "big"), rng.randrange(5)
    if kind == 0:
        number = rng.randrange(len(twin.entries) + 1)
        return _both(lambda: twin.retire(sender, number),
                     lambda: contract.send(account, "retire", number))
    system, key_hash = rng.choice([*IDENTIFIERS.values(), UNKNOWN]), rng.choice(hashes)
    known = twin.verifiers.get(place)
    if kind > 1 and known is not None:
        system = known.system
        key_hash = rng.choice([known.key_hash] * 4 + [key_hash])
    return _both(lambda: twin.add(sender, place, system, key_hash, False),
                 lambda: contract.send(account, "add", place.to_bytes(20, "big"), system,
                                       key_hash, False))


def _both(twin: Callable[[], object], contract: Callable[[], object]) -> str:
    """Why both refuse, or nothing where both do not."""
    said = ""
    try:
        twin()
    except ValueError as error:
        said = str(error)
    try:
        contract()
    except RevertedError as error:
        assert said and said in str(error), (said, str(error))
    else:
        assert not said
    return said


@pytest.mark.parametrize("name", [PLONK, FFLONK])
def test_a_proof_of_each_system_is_verified_and_paid(name: str) -> None:
    """snarkjs' key is pinned, a job names it, and its proof, hidden or locked, is paid."""
    evm, system = machine(), gate_systems.SYSTEMS[name]
    account, solver = Account(evm, private_key("deployer")), Account(evm, private_key("solver"))
    exchange = deploy_market(account, evm, PLAIN, ETHER // 100, STATEMENT_CHAIN_ID)
    registry, market, key = exchange.registry, exchange.market, system.key
    number = register_key(account, evm, registry, key, development=True)
    found = pinned(registry, number)
    assert (found.system, found.number, found.development) == (name, number, True)
    check_verifier(evm, registry, number, key)
    proof, public = system.proof, system.public
    assert registry.call("verify", number, proof, public)
    assert not registry.call("verify", number, proof[:8], public)
    assert not registry.call("verify", number, proof, [public[0] + 1, *public[1:]])
    receipt = market.send(account, "post", number, public, Way.LOCKED, ETHER, ETHER, 1, 50, 4, 0,
                          inputs_digest(b"a"), "data:,a", value=ETHER)
    job = int(market.events(receipt)[0].values["job"])
    market.send(solver, "lock", job, value=PLAIN.penalty_multiple * ETHER)
    with pytest.raises(RevertedError, match="does not verify"):
        market.send(solver, "fulfil", job, [*proof[:-1], proof[-1] ^ 1])
    market.send(solver, "fulfil", job, proof)
    assert market.call("job", job)["solver"] == solver.address and market.call("invariants")


def test_what_a_verifier_says_has_to_be_so() -> None:
    evm = machine()
    account = Account(evm, private_key("deployer"))
    registry = deploy_registry(account, evm, local=True)
    groth16 = read_any_key(VECTORS / "chain4" / "verification_key.json")
    plonk = read_any_key(FILES / "mix.plonk.vkey.json")
    assert [system_of(read_any_key(FILES / f"mix.{name}.vkey.json"))
            for name in (PLONK, FFLONK)] == [PLONK, FFLONK] and system_of(groth16) == GROTH16
    number = register_key(account, evm, registry, groth16, development=True)
    with pytest.raises(ProofmillError, match="takes groth16 proofs, .* is a key of plonk"):
        check_verifier(evm, registry, number, plonk)
    # A contract with the key's hash that says another system than its registrar.
    liar = any_verifier(account, evm, IDENTIFIERS[FFLONK], block_key_hash(plonk), 2, 24)
    with pytest.raises(RevertedError, match="of another system"):
        pin(account, registry, liar.address, plonk, development=True)
    registry.send(account, "retire", number)
    with pytest.raises(RevertedError, match="retired already"):
        registry.send(account, "retire", number)


def test_development_keys_and_local_chains() -> None:
    key = read_any_key(FILES / "mix.plonk.vkey.json")
    for chain, local, taken in ((1, False, False), (1, True, True), (31337, False, True)):
        evm = machine(chain)
        account = Account(evm, private_key("deployer"))
        registry = deploy_registry(account, evm, local)
        assert registry.call("is_local") == taken
        if taken:
            assert register_key(account, evm, registry, key, development=True) == 0
            continue
        with pytest.raises(RevertedError, match="development keys are for local chains"):
            register_key(account, evm, registry, key, development=True)
        assert register_key(account, evm, registry, key, development=False) == 0
    twin = VerifierRegistry({7: Verifier(IDENTIFIERS[PLONK], b"", 1, b"", repeats)}, local=False)
    with pytest.raises(ValueError, match="for local chains"):
        twin.add(1, 7, IDENTIFIERS[PLONK], b"", True)


def test_names_of_systems_are_those_of_keys() -> None:
    """As many numbers as the proofs of their files have; 4 bytes each; none else."""
    assert tuple(PROOF_NUMBERS) == SYSTEMS
    for name in (PLONK, FFLONK):
        assert PROOF_NUMBERS[name] == gate_systems.SYSTEMS[name].files.PROOF_NUMBERS
    assert [system_named(identifier) for identifier in IDENTIFIERS.values()] == list(SYSTEMS)
    with pytest.raises(KeyError):
        system_named(UNKNOWN)

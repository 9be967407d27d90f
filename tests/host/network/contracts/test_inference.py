"""ERC-7992: the registry of models, and results verified against it; ERC-8274: claims of them."""

from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("onnxruntime")

from eth_abi.abi import encode
from eth_hash.auto import keccak

from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.inference import (
    PROOF_SYSTEM_ID,
    claim_bytes,
    model_commitment,
    output_bytes,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import DevelopmentEvm, RevertedError
from proofmill.host.network.evm.contract import Contract, Interface
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from tests.host.network.contracts.proven_result import Result, address, proven_result
from tests.host.network.contracts.world import private_key

HASHES = "11" * 32, "22" * 32
VERIFICATION_GAS = 320_000
CLAIM_GAS = 350_000


def error(signature: str, *arguments: Any) -> str:
    """A custom error as a node gives it back."""
    types = [each for each in signature.partition("(")[2][:-1].split(",") if each]
    return "0x" + (keccak(signature.encode())[:4] + encode(types, arguments)).hex()


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Result:
    return proven_result(tmp_path_factory.mktemp("model"))


@pytest.fixture
def contracts(evm: DevelopmentEvm) -> tuple[Contract, Contract]:
    deployer = Account(evm, private_key("deployer"))
    registry = Contract.deploy(deployer, evm, compiled("ModelRegistry"))
    return registry, Contract.deploy(deployer, evm, compiled("InferenceVerifier"), registry.address)


def registered(evm: DevelopmentEvm, registry: Contract, result: Result, **more: Any) -> int:
    commitment = model_commitment(*HASHES, result.key, "ipfs://model")
    commitment = tuple(more.get(name, value) for name, value in zip(
        ("model", "circuit", "key", "system", "uri"), commitment, strict=True))
    registry.send(Account(evm, private_key("owner 0")), "registerModel", commitment)
    return registry.call("count")


def model_of(registry: Contract, number: int) -> tuple[Any, ...]:
    commitment, deprecated, owner = registry.call("getModel", number)
    return tuple(commitment.values()), deprecated, owner


def test_whoever_registers_a_model_alone_changes_it(evm, contracts, result) -> None:
    registry, _ = contracts
    owner, other = (Account(evm, private_key(name)) for name in ("owner 0", "thief"))
    first = model_commitment(*HASHES, result.key, "ipfs://model")
    receipt = registry.send(owner, "registerModel", first)
    event, = registry.events(receipt)
    assert (event.name, event.values["modelId"], event.values["owner"]) == (
        "ModelRegistered", 1, owner.address)
    assert model_of(registry, 1) == (first, False, owner.address)
    second = (b"\x33" * 32, *first[1:])
    for function, arguments in (("updateModel", (1, second)), ("deprecateModel", (1,))):
        with pytest.raises(RevertedError, match=error("NotModelOwner(uint256,address)", 1,
                                                      other.address)):
            registry.send(other, function, *arguments)
        with pytest.raises(RevertedError, match=error("ModelNotFound(uint256)", 2)):
            registry.send(owner, function, 2, *arguments[1:])
    event, = registry.events(registry.send(owner, "updateModel", 1, second))
    assert event.name == "ModelUpdated"
    assert model_of(registry, 1) == (second, False, owner.address)
    event, = registry.events(registry.send(owner, "deprecateModel", 1))
    assert event.name == "ModelDeprecated"
    assert model_of(registry, 1) == (second, True, owner.address)
    for function, arguments in (("updateModel", (1, first)), ("deprecateModel", (1,))):
        with pytest.raises(RevertedError, match=error("ModelDeprecated(uint256)", 1)):
            registry.send(owner, function, *arguments)
    with pytest.raises(RevertedError, match=error("ModelNotFound(uint256)", 2)):
        registry.call("getModel", 2)
    registry.send(other, "registerModel", first)
    assert registry.call("getModel", 2)[2] == other.address


def test_a_result_is_verified_and_kept(evm, contracts, result) -> None:
    registry, verifier = contracts
    number = registered(evm, registry, result)
    assert verifier.call("registry") == registry.address
    assert verifier.call("proofSystemOf", number) == PROOF_SYSTEM_ID
    assert min(result.integers) < 0
    assert result.output == encode(["int256[3]"], [result.integers])
    solver = Account(evm, private_key("solver"))
    given = number, result.commitment, result.output, result.proof
    receipt = verifier.send(solver, "verifyInference", *given)
    event, = verifier.events(receipt)
    assert (event.name, event.values) == ("InferenceVerified", {
        "modelId": number, "inputCommitment": result.commitment, "output": result.output,
        "caller": solver.address})
    assert receipt.gas_used < VERIFICATION_GAS
    receipt = verifier.send(solver, "verifyAndStoreInference", *given)
    name = keccak(number.to_bytes(32, "big") + result.commitment + result.output)
    assert verifier.events(receipt)[1].values == {"inferenceId": name}
    assert verifier.call("getInference", name) == given[:3]
    assert verifier.call("getInference", bytes(32)) == (0, bytes(32), b"")


def test_nothing_else_is(evm, contracts, result) -> None:
    registry, verifier = contracts
    number = registered(evm, registry, result)
    solver, thief = address("solver"), address("thief")
    wrong = "InvalidProof()"
    beyond = (int.from_bytes(result.commitment, "big") + SCALAR_MODULUS).to_bytes(32, "big")
    alias = output_bytes(result.integers[:2]) + SCALAR_MODULUS.to_bytes(32, "big")
    one_more = encode(["int256[3]"], [[result.integers[0] + 1, *result.integers[1:]]])
    coordinate = result.proof[:32 * 7] + b"\xff" * 32 + result.proof[32 * 8:]
    key = bytearray(result.proof)
    key[-1] ^= 1
    for caller, commitment, output, proof, said in (
            (thief, result.commitment, result.output, result.proof, wrong),
            (solver, b"\x01" + result.commitment[1:], result.output, result.proof, wrong),
            (solver, beyond, result.output, result.proof, "InputCommitmentMismatch()"),
            (solver, result.commitment, one_more, result.proof, wrong),
            (solver, result.commitment, alias, result.proof, "OutputMismatch()"),
            (solver, result.commitment, result.output[:-1], result.proof, "OutputMismatch()"),
            (solver, result.commitment, b"", result.proof, "OutputMismatch()"),
            (solver, result.commitment, result.output[:-32], result.proof, wrong),
            (solver, result.commitment, result.output, result.proof[:-32], wrong),
            (solver, result.commitment, result.output, coordinate, wrong),
            (solver, result.commitment, result.output, bytes(key), "ModelMismatch()")):
        for function in ("verifyInference", "verifyAndStoreInference"):
            with pytest.raises(RevertedError, match=error(said)):
                verifier.call(function, number, commitment, output, proof, sender=caller)


def test_models_that_are_not_verified(evm, contracts, result) -> None:
    registry, verifier = contracts
    given = result.commitment, result.output, result.proof
    with pytest.raises(RevertedError, match=error("ModelNotFound(uint256)", 1)):
        verifier.call("verifyInference", 1, *given, sender=address("solver"))
    number = registered(evm, registry, result, system=b"\x01\x02\x03\x04")
    with pytest.raises(RevertedError, match=error("UnsupportedProofSystem(bytes4)",
                                                  b"\x01\x02\x03\x04")):
        verifier.call("verifyInference", number, *given, sender=address("solver"))
    number = registered(evm, registry, result)
    verifier.call("verifyInference", number, *given, sender=address("solver"))
    registry.send(Account(evm, private_key("owner 0")), "deprecateModel", number)
    with pytest.raises(RevertedError, match=error(
            "VerificationRefused_ModelDeprecated(uint256)", number)):
        verifier.call("verifyInference", number, *given, sender=address("solver"))


@pytest.fixture
def claims(evm: DevelopmentEvm, contracts, result) -> tuple[Contract, Contract]:
    """ERC-8274's two verifiers, of a model that is registered; "solver" is an agent."""
    registry, verifier = contracts
    deployer, number = Account(evm, private_key("deployer")), registered(evm, registry, result)
    proofs = Contract.deploy(deployer, evm, compiled("InferenceProofVerifier"), verifier.address)
    return proofs, Contract.deploy(deployer, evm, compiled("AgentVerifier"), proofs.address, number,
                                   [address("solver"), address("carrier")])


def word(value: bytes | int) -> bytes:
    return value.rjust(32, b"\0") if isinstance(value, bytes) else value.to_bytes(32, "big")


def test_a_claim_is_valid_by_itself_and_no_other_is(evm, claims, result) -> None:
    proofs, agents = claims
    number, solver = agents.call("modelId"), word(address("solver"))
    given = result.commitment, keccak(result.output)
    metadata = word(number) + solver
    proof = claim_bytes(result.output, result.proof)
    assert proofs.call("verify", *given, metadata, proof)
    assert proofs.call("proofSystem") == "zk/groth16-bn254"
    assert proofs.call("proofProfile") == keccak(b"zk/groth16-bn254" + proofs.call("verifier"))
    other = output_bytes([result.integers[0] + 1, *result.integers[1:]])
    for wrong in (
            (word(1), given[1], metadata, proof), (given[0], word(1), metadata, proof),
            (given[0], keccak(other), metadata, claim_bytes(other, result.proof)),
            (*given, word(number) + word(address("thief")), proof),
            (*given, word(number + 1) + solver, proof), (*given, word(number), proof),
            (*given, word(number) + b"\1" + solver[1:], proof), (*given, b"", proof),
            (*given, metadata, b""), (*given, metadata, proof[:-32]),
            (*given, metadata, proof + bytes(32)), (*given, metadata, proof[32:]),
            (*given, metadata, word(63) + proof[32:]), (*given, metadata, word(3)),
            (*given, metadata, b"\xff" * 32 + proof[32:]), (*given, metadata, word(0) + proof[32:]),
            (result.commitment, keccak(b""), metadata, claim_bytes(b"", result.proof))):
        assert not proofs.call("verify", *wrong), wrong


def test_a_claim_for_too_little_gas_is_not_refused(evm, claims, result) -> None:
    """Whoever calls cannot have a right result pass for a wrong one."""
    proofs, agents = claims
    caller = Account(evm, private_key("thief"))
    data = proofs.encode("verify", result.commitment, keccak(result.output),
                         word(agents.call("modelId")) + word(address("solver")),
                         claim_bytes(result.output, result.proof))
    outcomes = set()
    for gas in range(80_000, 520_000, 16_000):
        try:
            answer = int.from_bytes(evm.call(proofs.address, data, sender=caller.address, gas=gas),
                                    "big")
        except RevertedError:
            answer = None
        assert answer in (None, 1), gas
        outcomes.add(answer)
    assert outcomes == {None, 1}


def test_an_agent_claims_a_result_for_a_task_once(evm, claims, result) -> None:
    proofs, agents = claims
    settlement, other = (Account(evm, private_key(name)) for name in ("requester", "thief"))
    solver, carrier, thief = (word(address(name)) for name in ("solver", "carrier", "thief"))
    given = result.commitment, keccak(result.output), claim_bytes(result.output, result.proof)
    profile = proofs.call("proofProfile")

    def claim(account, task, agent, commitment, output, proof):
        receipt = agents.send(account, "verify", word(task), agent, commitment, output, proof)
        event, = agents.events(receipt)
        valid = event.values["valid"]
        digest = keccak(encode(["bytes32"] * 4 + ["bool", "bytes32"], [
            word(task), agent, commitment, output, valid, profile]))
        assert event.values == {
            "taskId": word(task), "agentId": agent, "verificationDigest": digest, "valid": valid,
            "inputHash": commitment, "outputHash": output, "agentProofProfile": profile}
        return valid, receipt.gas_used

    assert not claim(settlement, 1, thief, *given)[0]  # no agent
    assert not claim(settlement, 1, carrier, *given)[0]  # another one's proof
    assert not claim(settlement, 1, solver, word(1), *given[1:])[0]
    assert claim(other, 1, solver, *given)[0]  # which is another's task
    valid, gas = claim(settlement, 1, solver, *given)
    assert valid and gas < CLAIM_GAS
    assert not claim(settlement, 1, solver, *given)[0]  # once
    assert claim(settlement, 2, solver, *given)[0]


def _kinds(parameters: Sequence[Interface]) -> str:
    """Of a function's parameters in its ABI, as a signature has them."""
    return ",".join(f"({_kinds(each['components'])})" if each["type"] == "tuple" else each["type"]
                    for each in parameters)


COMMITMENT = "(bytes32,bytes32,bytes32,bytes4,string)"


@pytest.mark.parametrize("place, signatures", (
    (0, (f"registerModel({COMMITMENT})", f"updateModel(uint256,{COMMITMENT})",
         "deprecateModel(uint256)", "getModel(uint256)")),
    (1, ("verifyInference(uint256,bytes32,bytes,bytes)", "proofSystemOf(uint256)", "registry()")),
    (1, ("verifyAndStoreInference(uint256,bytes32,bytes,bytes)", "getInference(bytes32)")),
    (2, ("verify(bytes32,bytes32,bytes,bytes)", "proofSystem()", "proofProfile()")),
    (3, ("verify(bytes32,bytes32,bytes32,bytes32,bytes)",))))
def test_interfaces_are_the_drafts(place, signatures, contracts, claims) -> None:
    contract = (*contracts, *claims)[place]
    selectors = [int.from_bytes(keccak(each.encode())[:4], "big") for each in signatures]
    interface = 0
    for each in selectors:
        interface ^= each
    assert contract.call("supportsInterface", interface.to_bytes(4, "big"))
    assert contract.call("supportsInterface", bytes.fromhex("01ffc9a7"))
    assert not contract.call("supportsInterface", b"\xff" * 4)
    own = {each["name"]: each for each in contract.artifact.abi if each["type"] == "function"}
    assert list(signatures) == [
        f"{name}({_kinds(own[name]['inputs'])})"
        for name in (each.partition("(")[0] for each in signatures)]


def test_the_name_of_the_proof_system() -> None:
    assert PROOF_SYSTEM_ID == keccak(b"groth16-bn254-v1")[:4]

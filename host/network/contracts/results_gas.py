"""What a job for a result costs on an EVM: every call once, on the embedded machine."""

from collections.abc import Iterator

from eth_hash.auto import keccak

from proofmill.host.ground.units import ETHER
from proofmill.host.network.contracts.compiler import compiled
from proofmill.host.network.contracts.gas import CHAIN_ID, GENESIS_TIME, Cost
from proofmill.host.network.contracts.inference import (
    WORD,
    caller_tag,
    model_commitment,
    output_bytes,
    proof_bytes,
)
from proofmill.host.network.contracts.results import Terms, deploy_results
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.contract import Contract
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.prover.circuits.constraints import ConstraintSystem
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup

OUTPUTS = 10
"""Of a model of digits. The circuit here has its public signals and nothing else: the gas depends
on their number alone."""

HASH = "11" * WORD
PLACE = "https://example.org/inputs/0123456789abcdef.json"


def measure_results() -> Iterator[Cost]:
    """The gas of every call of a job for a result of ten outputs, some with a real proof; some
    seconds."""
    key = bytes(keccak(b"gas of results"))
    evm = EmbeddedEvm(CHAIN_ID, {address_of(key): 10**7 * ETHER}, GENESIS_TIME)
    account = Account(evm, key)
    system = ConstraintSystem()
    outputs = [system.public_output(f"output {number}") for number in range(1 + OUTPUTS)]
    tag = system.public_input("tag")
    system.hint(lambda values: range(1, 2 + OUTPUTS), (), outputs)
    for number, wire in enumerate(outputs, 1):
        system.assert_equal(wire, number, "output")
    system.multiply(tag, tag, "tag")
    prover = Prover(development_setup(system.to_r1cs("gas"), seed=b"gas"), CpuDevice())
    witness = system.witness({"tag": caller_tag(account.address)})
    proof = proof_bytes(prover.key.verification_key, prover.prove(to_limbs(witness)).proof)
    output = output_bytes(witness[2:2 + OUTPUTS])

    models = Contract.deploy(account, evm, compiled("ModelRegistry"))
    models.send(account, "registerModel",
                model_commitment(HASH, HASH, prover.key.verification_key, PLACE))
    jobs = deploy_results(account, evm, models, Parameters(), ETHER // 100).jobs
    terms = Terms(proven=False, lowest=ETHER, highest=ETHER, ramp=0, duration=50, time=1,
                  multiple=4, window=1, proof_price=ETHER, proof_time=1)

    def post() -> Cost:
        return Cost("result: post a job", jobs.send(
            account, "post", 1, witness[1].to_bytes(WORD, "big"), terms.words,
            bytes(keccak(output)), PLACE, value=ETHER).gas_used)

    def call(what: str, function: str, *arguments: object, value: int = 0) -> Cost:
        return Cost(f"result: {what}",
                    jobs.send(account, function, *arguments, value=value).gas_used)

    yield post()
    yield call("lock it", "lock", 0, value=4 * ETHER)
    yield call("give the result", "give", 0, output)
    yield call("ask for its proof", "ask", 0, value=ETHER)
    yield call("prove it", "prove", 0, output, proof)
    post()
    jobs.send(account, "lock", 1, value=4 * ETHER)
    jobs.send(account, "give", 1, output)
    jobs.send(account, "fund")    # a block passes
    yield call("settle one that was not asked about", "settle", 1)
    post()
    jobs.send(account, "lock", 2, value=4 * ETHER)
    jobs.send(account, "give", 2, output)
    jobs.send(account, "ask", 2, value=ETHER)
    jobs.send(account, "fund")    # a block passes
    yield call("refute one that was not proven", "refute", 2)
    post()
    for _ in range(Parameters().failed_locks):
        jobs.send(account, "lock", 3, value=4 * ETHER)
        jobs.send(account, "fund")    # a block passes
        missed = call("end a lock without a result", "end_lock", 3)
    yield missed
    yield call("give a result with its proof, without a lock", "give_proven", 3, output, proof)

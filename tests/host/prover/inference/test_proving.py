"""Models as circuits: right on every digit, and a proof of nothing else."""

import json
import re
import shutil
import stat

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from onnx import TensorProto

from proofmill.host.cli.main import main
from proofmill.host.network.contracts.inference import LOCAL_CALLER
from proofmill.host.prover.circuits.checker import Checker
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.inference.circuit import InferenceCircuit
from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.gadgets import commitment
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.operators import Convolution, Linear
from proofmill.host.prover.inference.quantisation import Quantisation
from tests.host.prover.circuits.forgery import forge, is_needed, unnoticed_changes, violated
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.inference.onnx_models import Qdq, onnxruntimes

CALLER = "0x6fba446a125a2561ae60fd3f94d53c796f7dccdb"
"""As docs/inference.md has it: an account of the embedded machine."""


@pytest.fixture(scope="module")
def circuit(trained):
    return InferenceCircuit(read_model(trained("mlp")))


def witness_of(circuit, place, salt=5, tag=7):
    """The inputs and the witness for a digit, and what the model gives for it."""
    model = circuit.model
    tensors = model.tensors(shaped(digits()[0][place:place + 1], model.shape))
    inputs = circuit.inputs(tensors[model.source][0], salt, tag)
    return inputs, circuit.system.witness(inputs), tensors


def ruled(circuit):
    """The tensors of all digits, whose sums the circuit's rules round to the model's integers."""
    model = circuit.model
    tensors = model.tensors(shaped(digits()[0], model.shape))
    for node in model.nodes:
        if isinstance(node.operator, Linear | Convolution):
            rule, = circuit.rules(node.output)
            sums = node.operator.sums(tensors[node.inputs[0]])
            assert np.array_equal(rule.apply(sums), tensors[node.output])
    return tensors


def test_linear_layers_cost_nothing(circuit):
    layers = dict(circuit.layers)
    assert sum(layers.values()) == len(circuit.system.constraints) < 2000
    # 64 inputs of 8 bits and the hash of 5 elements; 32 and 10 sums, whatever their lengths.
    assert layers["input"] == 64 * 8 + 321
    assert layers["Gemm_0"] <= 32 * 27 and layers["Gemm_2"] <= 10 * 27 and layers["prover tag"] == 1
    assert circuit.system.names[1:13] == [
        "input commitment", *(f"scores_QuantizeLinear_Output[{place}]" for place in range(10)),
        "prover tag"]


@pytest.mark.parametrize("kind, most", (
    ("mlp-784", 1 << 14), pytest.param("lenet", 1 << 18, marks=pytest.mark.slow)))
def test_larger_models_stay_below_what_was_wanted(kind, most, trained):
    circuit = InferenceCircuit(read_model(trained(kind)))
    assert len(circuit.system.constraints) <= most
    _, witness, tensors = witness_of(circuit, 8)
    assert witness[2:12] == tensors[circuit.outputs[0]][0].tolist()
    assert circuit.system.check(witness) is None


def test_a_network_of_convolutions_is_a_circuit(trained):
    """The trained one, its pools among it: every sum of all digits is rounded as onnxruntime does;
    one that is one more or one less, or a greatest that another of its window is, has no proof."""
    circuit = InferenceCircuit(read_model(trained("cnn")))
    system, layers = circuit.system, dict(circuit.layers)
    assert len(system.constraints) == sum(layers.values()) == 24_152
    assert [layers[node.name] for node in circuit.model.nodes
            if node.kind == "MaxPool"] == [3_840]  # 8 times 16 windows, 3 times 10 in each
    ruled(circuit)
    inputs, witness, tensors = witness_of(circuit, 8)
    assert system.check(witness) is None
    assert witness[2:12] == [int(each) % MODULUS for each in tensors[circuit.outputs[0]][0]]
    names = {name: wire for wire, name in enumerate(system.names)}
    greatest = [name for name in names if name.endswith(", gain")]
    for name in (*system.names[2:12], greatest[0], greatest[-1]):
        for lie in (witness[names[name]] + 1, witness[names[name]] - 1):
            assert violated(system, forge(system, inputs, {name: lie})), name


@pytest.mark.parametrize("powers_of_two", (True, False), ids=("shift", "any"))
@pytest.mark.parametrize("kind", ("mlp", pytest.param("mlp-784", marks=pytest.mark.slow)))
def test_the_rules_give_every_digit_what_onnxruntime_gives(kind, powers_of_two, trained):
    """The integers of the circuit's rules for all samples; those of the model are onnxruntime's."""
    model = read_model(trained(kind, powers_of_two))
    circuit = InferenceCircuit(model)
    tensors = ruled(circuit)
    size = int(np.prod(model.shape))
    for place in range(0, 1797, 45):
        inputs, witness, _ = witness_of(circuit, place)
        scores = tensors[circuit.outputs[0]][place].tolist()
        assert witness[2:12] == scores
        assert witness[1] == commitment([inputs[f"input[{pixel}]"] for pixel in range(size)], 5)
        assert place % 90 or circuit.system.check(witness) is None


def test_no_other_output_input_or_commitment_can_be_proven(circuit):
    system = circuit.system
    inputs, witness, _ = witness_of(circuit, 3)
    for wire in range(1, 12):
        for lie in (witness[wire] + 1, witness[wire] - 1):
            assert violated(system, forge(system, inputs, {system.names[wire]: lie}))
    for lie in ({"input[20]": 256}, {"input[20]": MODULUS - 1}, {"input[20]": 1 << 200}):
        assert violated(system, system.witness({**inputs, **lie}))
    # The wires between the layers: a sum rounded the other way, and all that follows from it.
    for wire, name in enumerate(system.names):
        if name.startswith("Gemm_0[4]: "):
            for lie in (witness[wire] + 1, witness[wire] - 1):
                assert violated(system, forge(system, inputs, {name: lie})), name
    assert unnoticed_changes(system, witness) == []
    assert Checker(system.to_r1cs("digits")).check(witness, quick=True).is_determined


def small(tmp_path, shape=(2,)):
    """A layer of two inputs and one output, with a zero point, ties and both ends in reach."""
    graph = Qdq(shape)
    source = Quantisation(np.float32(0.25), 3, "uint8")
    x = graph.quantised("x", source)
    weight = graph.constant("w", [[3], [-2]], np.float32(0.5))
    bias = graph.constant("b", [5], np.array([0.125], dtype=np.float32), "int32")
    out = graph.quantised(graph.node("Gemm", [x, weight, bias], "y", "layer"),
                          Quantisation(np.float32(0.5), -7, "int8"))
    return InferenceCircuit(read_model(graph.save(tmp_path / "small.onnx", out)))


def test_a_constraint_less_lets_another_output_pass_or_leaves_a_wire_loose(tmp_path):
    circuit = small(tmp_path)
    system, model = circuit.system, circuit.model
    samples = np.array([[0, 0], [60, 0], [0, 60], [1, 1], [-0.75, 63], [5, 7.5], [2, 0.25]],
                       dtype=np.float32)
    # And an input whose sum has the least integer for its quotient.
    grid = np.stack(np.meshgrid(*[np.arange(0, 63, 0.25)] * 2), axis=-1).reshape(-1, 2)
    layer, (rule,) = model.nodes[0].operator, circuit.rules(circuit.outputs[0])
    sums = layer.sums(model.quantisation.quantise(grid.astype(np.float32)))
    least = grid[(sums[:, 0] * rule.multiplier + rule.addend) >> rule.shift == 0][0]
    samples = np.concatenate([samples, least[None].astype(np.float32)])
    tensors = model.tensors(samples)
    given = [circuit.inputs(integers, 5, 7) for integers in tensors[model.source]]
    witnesses = [system.witness(each) for each in given]
    for witness, output in zip(witnesses, tensors[circuit.outputs[0]], strict=True):
        assert system.check(witness) is None
        assert witness[2] == int(output[0]) % MODULUS
    for place, constraint in enumerate(system.constraints):
        if not constraint.label.startswith("layer"):
            continue
        if constraint.label.endswith(": zero"):
            lie = {constraint.label: 1, constraint.label.removesuffix("zero") + "inverse": 0}
            assert any(violated(system, forge(system, each, lie)) == {constraint.label}
                       for each in given), constraint.label
            continue
        assert is_needed(system, place, witnesses), constraint.label


def test_each_range_of_an_input_is_needed(tmp_path):
    """Without one of its constraints an integer of more than eight bits passes, and the outputs
    and the commitment are those of it."""
    circuit = small(tmp_path)
    system = circuit.system
    inputs = circuit.inputs(np.array([10, 60]), 5, 7)
    for pixel, value in (("input[0]", 300), ("input[1]", 256)):
        for bit in range(8):
            lies = {f"{pixel}: bit {other}": 0 for other in range(7)}
            if bit < 7:
                lies[f"{pixel}: bit {bit}"] = value * pow(2, -bit, MODULUS)
            forged = forge(system, {**inputs, pixel: value}, lies)
            assert violated(system, forged) == {f"{pixel}: bit {bit} is 0 or 1"}


@pytest.mark.parametrize("size", (2, 3))
def test_images_pools_and_groups(size, tmp_path):
    """Every operator of a convolutional network that can be proven, in one small one; means of
    four, which have ties, and of nine."""
    random = np.random.default_rng(9)
    graph = Qdq((2, 6, 6))
    source, middle = (Quantisation(np.float32(2.0**-4), zero, "uint8") for zero in (9, 0))
    x = graph.quantised("x", source)
    bias = graph.constant("b", random.integers(-900, 900, 4),
                          np.full(4, 2.0**-9, dtype=np.float32), "int32")
    weight = graph.constant("w", random.integers(-128, 128, (4, 1, 3, 3)),
                            np.full(4, 2.0**-5, dtype=np.float32))
    graph.node("Relu", [graph.node("Conv", [x, weight, bias], "c", "conv", group=2,
                                   pads=[1, 0, 1, 2])], "r")
    top = graph.quantised(graph.node("MaxPool", [graph.quantised("r", middle)], "m", "top",
                                     kernel_shape=[2, 2], strides=[2, 2]), middle)
    last = Quantisation(np.float32(2.0**-4), 5, "uint8")
    mean = graph.quantised(graph.node("AveragePool", [top], "a", "mean",
                                      kernel_shape=[size, size]), last)
    flat = graph.quantised(graph.node("Flatten", [mean], "f", "flat"), last)
    path = graph.save(tmp_path / "model.onnx", flat)
    model = read_model(path)
    circuit = InferenceCircuit(model)
    samples = random.uniform(-1, 16, (6, 2, 6, 6)).astype(np.float32)
    tensors = model.tensors(samples)
    theirs, _ = onnxruntimes(path, samples)
    assert np.array_equal(theirs, last.dequantise(tensors[circuit.outputs[0]]))
    for integers, output in zip(tensors[model.source], tensors[circuit.outputs[0]], strict=True):
        witness = circuit.system.witness(circuit.inputs(integers, 1, 2))
        assert circuit.system.check(witness) is None
        assert witness[2:2 + output.size] == output.reshape(-1).tolist()


def test_what_cannot_be_proven_is_named(tmp_path, capsys):
    graph = Qdq((1, 4, 4))
    means = graph.quantised(
        graph.node("AveragePool", [graph.quantised("x", Quantisation(np.float32(0.3), 3, "uint8"))],
                   "y", "part", kernel_shape=[2, 2]), Quantisation(np.float32(0.5), 3, "uint8"))
    path = graph.save(tmp_path / "model.onnx", means, kind=TensorProto.FLOAT)
    assert main(["model", "compile", str(path), str(tmp_path / "folder")]) == 2
    assert "node part (AveragePool): can be proven where scales are powers of two" in \
        capsys.readouterr().err


@pytest.fixture(scope="module")
def compiled(trained, tmp_path_factory):
    """A folder with the compiled model, and one with a proof of the fourth digit."""
    folder = tmp_path_factory.mktemp("compiled")
    path = str(trained("mlp"))
    assert main(["model", "compile", path, str(folder / "model"), "--seed", "test"]) == 0
    assert main(["infer", path, "digits:3", "--prove", str(folder / "model"),
                 "--out", str(folder / "proof"), "--tag", CALLER]) == 0
    return folder


def files(folder):
    return [str(folder / "model" / "verification_key.json"), str(folder / "proof" / "public.json"),
            str(folder / "proof" / "proof.json")]


def test_the_commands_prove_and_verify(compiled, trained, tmp_path, capsys):
    model = read_model(trained("mlp"))
    public = [int(each) for each in json.loads((compiled / "proof" / "public.json").read_text())]
    opening = json.loads((compiled / "proof" / "opening.json").read_text())
    assert public[0] == commitment(opening["integers"], int(opening["salt"]))
    assert public[1:11] == model.run(digits()[0][3:4])["scores"][0].tolist()
    assert public[11:] == [int(CALLER, 16)]
    assert stat.S_IMODE((compiled / "proof" / "opening.json").stat().st_mode) == 0o600
    output = json.loads((compiled / "proof" / "output.json").read_text())
    described = json.loads((compiled / "model" / "model.json").read_text())
    assert output["outputs"] == [{"name": "scores", "integers": public[1:11]}]
    assert output["model_hash"] == described["model_hash"]
    assert described["constraints"] == sum(described["layers"].values()) < 2000
    assert main(["verify", *files(compiled)]) == 0
    for place in (0, 4, 11):
        wrong = [*public]
        wrong[place] += 1
        (tmp_path / "public.json").write_text(json.dumps([str(each) for each in wrong]))
        assert main(["verify", files(compiled)[0], str(tmp_path / "public.json"),
                     files(compiled)[2]]) == 1
    capsys.readouterr()
    assert main(["model", "compile", str(trained("mlp")), str(tmp_path / "again"), "--seed",
                 "test", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == described


def test_the_contracts_accept_it_and_nothing_else(compiled, tmp_path, capsys):
    assert f"0x{LOCAL_CALLER.hex()}" == CALLER
    assert main(["contracts", "inference", str(compiled / "model"), str(compiled / "proof")]) == 0
    told = re.search(f"accepted, from {CALLER}, for ([0-9,]+) gas", capsys.readouterr().out)
    assert int(told[1].replace(",", "")) < 360_000
    public = json.loads((compiled / "proof" / "public.json").read_text())
    for change, status, said in (
            ({1: int(public[1]) + 1}, 1, "NOT accepted: InvalidProof"),
            ({1: MODULUS - 1}, 1, "NOT accepted: InvalidProof"),
            ({1: 1 << 200}, 1, "NOT accepted: OutputMismatch"),
            ({11: 99}, 1, "NOT accepted: InvalidProof"),
            ({11: 1 << 160}, 2, "is no address; prove with `--tag 0x"),
            ({11: None}, 2, "has not the 12 public signals")):
        shutil.copytree(compiled / "proof", tmp_path / "proof", dirs_exist_ok=True)
        changed = [str(change.get(place, each)) for place, each in enumerate(public)
                   if change.get(place, 0) is not None]
        (tmp_path / "proof" / "public.json").write_text(json.dumps(changed))
        assert main(["contracts", "inference", str(compiled / "model"),
                     str(tmp_path / "proof")]) == status
        told = capsys.readouterr()
        assert said in told.out + told.err


def test_snarkjs_verifies_it(compiled):
    assert "OK!" in snarkjs.run("groth16", "verify", *files(compiled))


@pytest.mark.parametrize("change, said", (
    (["--out"], "is of --prove"), (["--prove"], "the proof needs a place"),
    (["digits:0-1"], "has 2 samples; a proof is of one"),
    (["opening"], "opening.json"), (["model"], "was compiled from another model"),
    (["--tag"], "--tag 0xg: is no whole number"), (["--prove", "."], "has no model.json"),
    (["--prove", "none"], "none: has no model.json")))
def test_mistakes(change, said, compiled, trained, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, given, out = trained("mlp", "model" not in change), "digits:3", "out"
    folder = str(compiled / "model")
    if change[0].startswith("digits"):
        given, = change
    if change[0] == "opening":
        out = str(compiled / "proof")
    if len(change) == 2:
        folder = change[1]
    words = {"--out": ["--out", out], "--prove": ["--prove", folder]}
    if change == ["--tag"]:
        words["--tag"] = ["--tag", "0xg"]
    chosen = words[change[0]] if change in (["--out"], ["--prove"]) else sum(words.values(), [])
    assert main(["infer", str(model), given, *chosen]) == 2
    assert said in capsys.readouterr().err

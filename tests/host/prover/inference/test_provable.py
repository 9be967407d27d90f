"""Sums of two tensors, Relu, pools with pads and private weights as constraints."""

import json
import stat
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.cli.main import main
from proofmill.host.prover.circuits.checker import Checker
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.inference.circuit import InferenceCircuit
from proofmill.host.prover.inference.gadgets import WEIGHTS_DOMAIN, commitment
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.operators import Add
from proofmill.host.prover.inference.quantisation import Quantisation
from proofmill.host.prover.inference.rounding import rule_of_pair
from tests.host.prover.circuits.forgery import forge, unnoticed_changes, violated
from tests.host.prover.inference.onnx_models import Qdq, drawn, onnxruntimes

KINDS = pytest.mark.parametrize("power_of_two", (True, False), ids=("shift", "any"))


def proves(path, samples, target):
    """A circuit that gives what onnxruntime gives for each sample, and nothing else."""
    model = read_model(path)
    circuit = InferenceCircuit(model)
    system, tensors = circuit.system, model.tensors(samples)
    outputs = tensors[circuit.outputs[0]]
    theirs, _ = onnxruntimes(path, samples)
    assert np.array_equal(theirs, target.dequantise(outputs))
    for number, (integers, output) in enumerate(zip(tensors[model.source], outputs, strict=True)):
        inputs = circuit.inputs(integers, 5, 7)
        witness = system.witness(inputs)
        assert system.check(witness) is None
        expected = [int(each) % MODULUS for each in output.flat]
        assert witness[2:2 + output.size] == expected
        if number == 0:
            for wire in range(2, 2 + output.size):
                for lie in (witness[wire] + 1, witness[wire] - 1):
                    assert violated(system, forge(system, inputs, {system.names[wire]: lie}))
            assert unnoticed_changes(system, witness) == []
            assert Checker(system.to_r1cs("model")).check(witness, quick=True).is_determined
    return circuit


@KINDS
def test_sums_of_two_tensors_and_of_a_constant(power_of_two, tmp_path):
    random = np.random.default_rng(16)
    graph, source = Qdq((3, 2)), drawn(random, power_of_two)
    middle, target = drawn(random, power_of_two), drawn(random, power_of_two, "int8")
    x = graph.quantised("x", source)
    scale = np.float32(2.0**-5 if power_of_two else 0.037)
    shifted = graph.quantised(graph.node(
        "Add", [x, graph.constant("c", [[9, -128], [0, 127], [-60, 3]], scale)], "s", "shift"),
        middle)
    out = graph.quantised(graph.node("Add", [shifted, x], "y", "sum"), target)
    path = graph.save(tmp_path / "model.onnx", out)
    proves(path, source.dequantise(random.integers(0, 256, (12, 3, 2))), target)


@KINDS
def test_the_rule_of_a_sum_is_right_for_every_pair(power_of_two):
    random = np.random.default_rng(17)
    found = 0
    for _ in range(6):
        sources = (drawn(random, power_of_two), drawn(random, power_of_two, "int8"))
        operator = Add(sources, drawn(random, power_of_two))
        first, second = np.arange(256), np.arange(-128, 128)
        wanted = operator.evaluate(first[:, None], second[None, :])
        counts = first - sources[0].zero_point, second - sources[1].zero_point
        made = rule_of_pair(tuple(each.scale / operator.target.scale for each in sources),
                            operator.target, counts, wanted)
        if made is None:
            continue
        found += 1
        (left, right), rule = made
        for a, b in random.integers(0, 256, (300, 2)):
            total = left * int(counts[0][a]) + right * int(counts[1][b])
            assert rule.apply(np.array(total)) == wanted[a, b]
        # By the definition, in fractions: off by one at a tie alone.
        real = (counts[0][:, None] * np.float64(sources[0].scale)
                + counts[1][None, :] * np.float64(sources[1].scale)) / np.float64(
                    operator.target.scale) + operator.target.zero_point
        assert np.abs(np.clip(real, 0, 255) - wanted).max() <= 0.5 + 1e-4
    assert found == 6 if power_of_two else found


@KINDS
def test_relu_by_itself_and_shapes_that_change_scales(power_of_two, tmp_path):
    random = np.random.default_rng(18)
    graph, source = Qdq((2, 2)), drawn(random, power_of_two)
    middle, target = drawn(random, power_of_two), drawn(random, power_of_two, "int8")
    out = graph.quantised(graph.node("Relu", [graph.quantised("x", source)], "r", "relu"), middle)
    out = graph.quantised(graph.node("Flatten", [out], "y", "flat"), target)
    path = graph.save(tmp_path / "model.onnx", out)
    samples = np.arange(256).reshape(64, 2, 2)[random.permutation(64)][:16]
    proves(path, source.dequantise(samples), target)


@pytest.mark.parametrize("include", (0, 1))
@pytest.mark.parametrize("kind", ("MaxPool", "AveragePool"))
def test_pools_with_pads(kind, include, tmp_path):
    random = np.random.default_rng(19)
    graph, source = Qdq((1, 3, 3)), drawn(random, True)
    target = source if kind == "MaxPool" and include else drawn(random, True)
    more = {} if kind == "MaxPool" else {"count_include_pad": include}
    out = graph.node(kind, [graph.quantised("x", source)], "y", "pool", kernel_shape=[2, 2],
                     strides=[2, 2], pads=[1, 0, 0, 1], **more)
    path = graph.save(tmp_path / "model.onnx", graph.quantised(out, target))
    proves(path, source.dequantise(random.integers(0, 256, (8, 1, 3, 3))), target)


def layers(path, random):
    """A convolution in groups and a Gemm with random weights; scales that are always the same."""
    graph = Qdq((2, 3, 3))
    source, middle = (Quantisation(np.float32(2.0**-4), zero, "uint8") for zero in (9, 0))
    weight = graph.constant("w", random.integers(-128, 128, (2, 1, 2, 2)),
                            np.full(2, 2.0**-7, dtype=np.float32))
    bias = graph.constant("b", random.integers(-900, 900, 2),
                          np.full(2, 2.0**-11, dtype=np.float32), "int32")
    graph.node("Relu", [graph.node("Conv", [graph.quantised("x", source), weight, bias], "c",
                                   "conv", group=2, strides=[2, 2], pads=[1, 0, 0, 1])], "r")
    flat = graph.quantised(graph.node("Flatten", [graph.quantised("r", middle)], "f", "flat"),
                           middle)
    matrix = graph.constant("m", random.integers(-128, 128, (8, 2)), np.float32(2.0**-6))
    target = Quantisation(np.float32(0.5), 3, "int8")
    out = graph.quantised(graph.node("MatMul", [flat, matrix], "y", "layer"), target)
    return graph.save(path, out), target


def test_private_weights(tmp_path):
    """The same constraints whatever the weights are, but for the commitment; no others pass."""
    random = np.random.default_rng(20)
    path, target = layers(tmp_path / "model.onnx", random)
    other, _ = layers(tmp_path / "other.onnx", random)
    model = read_model(path)
    circuit = InferenceCircuit(model, 11)
    system = circuit.system
    samples = random.uniform(-1, 16, (4, 2, 3, 3)).astype(np.float32)
    tensors = model.tensors(samples)
    theirs, _ = onnxruntimes(path, samples)
    outputs = tensors[circuit.outputs[0]]
    assert np.array_equal(theirs, target.dequantise(outputs))
    for integers, output in zip(tensors[model.source], outputs, strict=True):
        witness = system.witness(circuit.inputs(integers, 5, 7))
        assert system.check(witness) is None
        assert witness[2:4] == [int(each) % MODULUS for each in output]
    assert unnoticed_changes(system, witness) == []
    # What it commits to, by the definition.
    conv, flat, dense = (node.operator for node in model.nodes)
    plain = b"".join(
        bytes(int(each) + 128 for each in layer.weight.reshape(-1))
        + b"".join((int(each) + 2**31).to_bytes(4, "little") for each in layer.bias)
        for layer in (conv, dense))
    assert circuit.weights.commitment == commitment(list(plain), 11, WEIGHTS_DOMAIN)
    # Another model's weights, with its own commitment: one constraint is another, by its constant.
    second = InferenceCircuit(read_model(other), 11)
    differing = [
        (mine, its) for mine, its in zip(system.constraints, second.system.constraints, strict=True)
        if (mine.a.terms, mine.b.terms, mine.c.terms) != (its.a.terms, its.b.terms, its.c.terms)]
    assert [mine.label for mine, _ in differing] == ["weights' commitment: is it"]
    inputs = circuit.inputs(tensors[model.source][0], 5, 7)
    wrong = system.witness({**inputs, **second.weights.inputs()})
    assert violated(system, wrong) == {"weights' commitment: is it"}
    # A weight, a bias and a salt that are others, the number of the field by which bytes add up.
    weight, bias = (next(name for name in inputs if part in name)
                    for part in (": weight[3]", ": bias[1]"))
    for name in (weight, bias, "weights' salt"):
        for lie in (inputs[name] + 256, MODULUS - 1, inputs[name] + (1 << 32)):
            assert violated(system, system.witness({**inputs, name: lie}))
    carry = {weight: inputs[weight] + 256, weight.replace("[3]", "[4]"):
             inputs[weight.replace("[3]", "[4]")] - 1}
    broken = violated(system, system.witness({**inputs, **carry}))
    assert weight in {label.split(": bit")[0] for label in broken}
    assert "weights' commitment: is it" not in broken  # so bytes have to be bytes


def test_each_constraint_of_private_weights_is_needed(tmp_path):
    """Without it, and with all others kept, other weights than those that are committed to, or
    another product of them, give another output."""
    circuit = InferenceCircuit(read_model(layers(
        tmp_path / "model.onnx", np.random.default_rng(20))[0]), 11)
    system = circuit.system
    samples = [circuit.inputs(integers, 5, 7)
               for integers in np.random.default_rng(22).integers(0, 256, (12, 18))]
    honest = system.witness(samples[0])
    products = [constraint.label for constraint in system.constraints
                if ": product" in constraint.label]
    # Two maps of 4 places and 4 weights, without what the pads meet, and 8 inputs by 2.
    assert len(products) == len(set(products)) == 2 * (2 + 1 + 4 + 2) + 16
    for label in products:
        wire = system.names.index(label)
        assert violated(system, forge(system, samples[0], {label: honest[wire] + 1})) == {label}
    # What is more by 2^8, a bias by 2^32, and the next less by 1, are the same in the commitment.
    names = [name for name in circuit.weights.inputs() if name != "weights' salt"]
    for name, following in pairwise(names[:12]):
        width = 32 if ": bias" in name else 8
        for bit in range(width):
            label = f"{name}: bit {bit} is 0 or 1"
            assert any(violated(system, forge(system, *lie)) == {label} for lie in (
                another(inputs, name, following, (way << width, bit, width))
                for inputs in samples for way in (1, -1))), label


def another(inputs, name, following, how):
    """Inputs with a digit that is more by so much, and the next that makes up for it; and its bits,
    of which the one at `bit` alone is neither 0 nor 1."""
    more, bit, width = how
    value, carried = inputs[name] + more, inputs[following] - (1 if more > 0 else -1)
    lies = {f"{name}: bit {other}": 0 for other in range(width - 1)}
    if bit < width - 1:
        lies[f"{name}: bit {bit}"] = value * pow(2, -bit, MODULUS)
    return {**inputs, name: value, following: carried}, lies


def test_private_weights_by_commands(tmp_path, capsys):
    path, _ = layers(tmp_path / "model.onnx", np.random.default_rng(21))
    np.save(tmp_path / "input.npy", np.ones((1, 2, 3, 3), dtype=np.float32))
    folder, proof = tmp_path / "compiled", tmp_path / "proof"
    words = ["model", "compile", str(path), str(folder), "--private-weights"]
    assert main(words) == 0
    described = json.loads((folder / "model.json").read_text())
    assert f"the weights' commitment is {described['weights_commitment']}" in \
        capsys.readouterr().out
    assert stat.S_IMODE((folder / "weights.json").stat().st_mode) == 0o600
    assert main(words) == 2
    assert "weights.json: is there already" in capsys.readouterr().err
    asked = ["infer", str(path), str(tmp_path / "input.npy"), "--prove", str(folder), "--out",
             str(proof)]
    assert main(asked) == 0
    assert main(["verify", str(folder / "verification_key.json"), str(proof / "public.json"),
                 str(proof / "proof.json")]) == 0
    (proof / "opening.json").unlink()
    for text, said in (('{"salt": "1"}', "is the key of another circuit"),
                       ('{"salt": null}', "holds no salt"), (None, "has no weights.json")):
        (folder / "weights.json").unlink()
        if text is not None:
            (folder / "weights.json").write_text(text)
        assert main(asked) == 2
        assert said in capsys.readouterr().err


def test_weights_that_cannot_be_private_are_named(tmp_path, capsys):
    graph = Qdq((1,))
    graph.put("w_integers", np.array([[255]], dtype=np.uint8))
    weight = graph.node("DequantizeLinear", ["w_integers", *graph.parameters(
        "w", Quantisation(np.float32(1), 0, "uint8"))], "w")
    x = graph.quantised("x", Quantisation(np.float32(1), 0, "uint8"))
    out = graph.quantised(graph.node("MatMul", [x, weight], "y", "layer"),
                          Quantisation(np.float32(1), 0, "uint8"))
    path = graph.save(tmp_path / "model.onnx", out)
    assert main(["model", "compile", str(path), str(tmp_path / "out"), "--private-weights"]) == 2
    assert "node layer (MatMul): its weights are 255 to 255" in capsys.readouterr().err

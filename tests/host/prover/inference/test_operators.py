"""Every operator against onnxruntime's kernels: ties, overflows, padding, scales of each kind."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.quantisation import Quantisation
from tests.host.prover.inference.onnx_models import Qdq, drawn, onnxruntimes


def samples_of(random, quantisation, count, shape):
    """Real numbers that are the quantisation's integers, all of its range."""
    integers = random.integers(quantisation.least, quantisation.most + 1, (count, *shape))
    return integers, quantisation.dequantise(integers)


def agrees(path, samples, operator):
    """The model's output here and by onnxruntime, which has to use the integer kernel."""
    model = read_model(path)
    name, = (output.name for output in model.outputs)
    theirs, ran = onnxruntimes(path, samples)
    own = model.run(samples)[name]
    assert operator in ran, ran
    quantisation = model.outputs[0].quantisation
    return np.count_nonzero(theirs != quantisation.dequantise(own)), own


@pytest.mark.parametrize("power_of_two", (True, False), ids=("shift", "any"))
@pytest.mark.parametrize("operator", ("Gemm", "MatMul"))
def test_products(operator, power_of_two, tmp_path):
    random = np.random.default_rng(3)
    for turned in ((0, 1) if operator == "Gemm" else (0,)):
        graph, source, target = Qdq((40,)), drawn(random, power_of_two), drawn(random, power_of_two)
        weight = random.integers(-128, 128, (40, 24))
        scale = np.float32(2.0**-6 if power_of_two else 0.0061)
        inputs = [graph.quantised("x", source),
                  graph.constant("w", weight.T if turned else weight, scale)]
        more = {}
        if operator == "Gemm":
            inputs.append(graph.constant("b", random.integers(-9000, 9000, 24),
                                         [source.scale * scale], "int32"))
            more = {"transB": turned}
        out = graph.quantised(graph.node(operator, inputs, "y", **more), target)
        path = graph.save(tmp_path / f"{turned}.onnx", out)
        _, samples = samples_of(random, source, 400, (40,))
        count, own = agrees(path, samples, "QGemm" if more else "QLinearMatMul")
        assert count == 0 and {0, 255} <= set(own.flat)  # both ends are reached


@pytest.mark.parametrize("power_of_two", (True, False), ids=("shift", "any"))
@pytest.mark.parametrize("by_output", (False, True), ids=("one scale", "scales"))
def test_convolutions(by_output, power_of_two, tmp_path):
    random = np.random.default_rng(4)
    for groups, strides, pads in ((1, [1, 1], [1, 1, 1, 1]), (2, [1, 2], [0, 2, 1, 0])):
        graph, source, target = Qdq((4, 7, 6)), drawn(random, power_of_two), drawn(random,
                                                                                   power_of_two)
        scale = np.float32(2.0 ** -random.integers(4, 7, 6 if by_output else 1) if power_of_two
                           else random.uniform(.004, .03, 6 if by_output else 1))
        scale = scale if by_output else scale[0]
        inputs = [graph.quantised("x", source),
                  graph.constant("w", random.integers(-128, 128, (6, 4 // groups, 3, 3)), scale),
                  graph.constant("b", random.integers(-9000, 9000, 6),
                                 np.atleast_1d(source.scale * scale), "int32")]
        out = graph.quantised(graph.node("Conv", inputs, "y", strides=strides, pads=pads,
                                         group=groups), target)
        path = graph.save(tmp_path / f"{groups}.onnx", out)
        _, samples = samples_of(random, source, 60, (4, 7, 6))
        assert agrees(path, samples, "QLinearConv")[0] == 0


@pytest.mark.parametrize("power_of_two", (True, False), ids=("shift", "any"))
def test_pools(power_of_two, tmp_path):
    random = np.random.default_rng(5)
    for kind, ran, more in (("MaxPool", "MaxPool", {}),
                            ("AveragePool", "QLinearAveragePool", {"count_include_pad": 0}),
                            ("AveragePool", "QLinearAveragePool", {"count_include_pad": 1})):
        graph, source = Qdq((3, 8, 8)), drawn(random, power_of_two)
        target = source if kind == "MaxPool" else drawn(random, power_of_two)
        out = graph.quantised(graph.node(
            kind, [graph.quantised("x", source)], "y", kernel_shape=[2, 3], strides=[2, 2],
            pads=[0, 1, 0, 1], **more), target)
        path = graph.save(tmp_path / "pool.onnx", out)
        _, samples = samples_of(random, source, 100, (3, 8, 8))
        assert agrees(path, samples, ran)[0] == 0


@pytest.mark.parametrize("power_of_two", (True, False), ids=("shift", "any"))
def test_sums_of_every_pair(power_of_two, tmp_path):
    random = np.random.default_rng(6)
    for number in range(12):
        graph, source = Qdq((256,)), drawn(random, power_of_two)
        second, target = drawn(random, power_of_two), drawn(random, power_of_two)
        # Both integers of a pair come from one input: the constant is all of the second's.
        graph.put("c_integers", np.arange(256, dtype=np.uint8))
        other = graph.node("DequantizeLinear", ["c_integers", *graph.parameters("c", second)], "c")
        inputs = [graph.quantised("x", source), other]
        out = graph.quantised(graph.node("Add", inputs[::-1] if number % 2 else inputs, "y"),
                              target)
        path = graph.save(tmp_path / "add.onnx", out)
        samples = source.dequantise(np.repeat(np.arange(256)[:, None], 256, axis=1))
        assert agrees(path, samples, "QLinearAdd")[0] == 0


@pytest.mark.parametrize("power_of_two", (True, False), ids=("shift", "any"))
def test_relu_softmax_and_shapes(power_of_two, tmp_path):
    random = np.random.default_rng(7)
    for kind, ran in (("Relu", "Relu"), ("Softmax", "QLinearSoftmax"), ("Flatten", "Flatten"),
                      ("Reshape", "Reshape")):
        shape = (10,) if kind == "Softmax" else (2, 3, 4)
        graph, source = Qdq(shape), drawn(random, power_of_two)
        target = {"Relu": drawn(random, power_of_two),
                  "Softmax": Quantisation(np.float32(1 / 255), 0, "uint8")}.get(kind, source)
        inputs = [graph.quantised("x", source)]
        if kind == "Reshape":
            inputs.append(graph.put("shape", np.array([-1, 6, 4])))
        out = graph.quantised(graph.node(kind, inputs, "y"), target)
        path = graph.save(tmp_path / "model.onnx", out)
        _, samples = samples_of(random, source, 3000, shape)
        assert agrees(path, samples, ran)[0] == 0


def test_signed_activations(tmp_path):
    random = np.random.default_rng(8)
    graph, source = Qdq((40,)), drawn(random, False, "int8")
    target = drawn(random, False, "int8")
    out = graph.quantised(graph.node("Gemm", [
        graph.quantised("x", source),
        graph.constant("w", random.integers(-128, 128, (40, 24)), np.float32(0.0061)),
        graph.constant("b", random.integers(-9000, 9000, 24),
                       [source.scale * np.float32(0.0061)], "int32")], "y"), target)
    path = graph.save(tmp_path / "signed.onnx", out)
    _, samples = samples_of(random, source, 400, (40,))
    assert agrees(path, samples, "QGemm")[0] == 0


def test_the_rule_of_rounding():
    """Ties: of products to an even distance from the zero point, of sums to an even integer."""
    odd = Quantisation(np.float32(1), 3, "uint8")
    halves = np.array([1, 3, 5, 7, -1, -3])
    assert odd.requantise(halves, np.float32(0.5)).tolist() == [3, 5, 5, 7, 3, 1]
    assert odd.rounded(halves.astype(np.float32) / 2 + 3).tolist() == [4, 4, 6, 6, 2, 2]
    assert odd.requantise(np.array([10**6, -10**6]), np.float32(0.5)).tolist() == [255, 0]
    # A sum of more than 24 bits is rounded before it is multiplied.
    assert odd.requantise(np.array([(1 << 24) + 1]), np.float32(2.0**-17)).tolist() == [131]

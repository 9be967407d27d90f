"""What is not supported is named with its node."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from onnx import TensorProto

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.quantisation import Quantisation
from tests.host.prover.inference.onnx_models import Qdq

EIGHTH = Quantisation(np.float32(0.125), 0, "uint8")


def image(size=(2, 6, 6)):
    graph = Qdq(size)
    return graph, graph.quantised("x", EIGHTH)


def row(inputs=4):
    graph = Qdq((inputs,))
    return graph, graph.quantised("x", EIGHTH)


def refused(graph, name, tmp_path, said, *outputs, kind=TensorProto.FLOAT):
    path = graph.save(tmp_path / "model.onnx", *(outputs or ("y_again",)), kind=kind)
    with pytest.raises(ProofmillError) as caught:
        read_model(path)
    assert f"node {name} (" in str(caught.value) and said in str(caught.value), caught.value


@pytest.mark.parametrize("kind, attributes, said", (
    ("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 2]}, "dilations [2, 2]"),
    ("MaxPool", {"kernel_shape": [2, 2], "ceil_mode": 1}, "ceil_mode 1"),
    ("MaxPool", {"kernel_shape": [9, 2]}, "larger than the image"),
    ("AveragePool", {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}, "auto_pad SAME_UPPER"),
    ("Flatten", {"axis": 2}, "axis 1"), ("Softmax", {"axis": 1}, "the last axis"),
    ("Sigmoid", {}, "not supported; of what is")))
def test_attributes(kind, attributes, said, tmp_path):
    graph, x = image()
    graph.quantised(graph.node(kind, [x], "y", "part", **attributes), EIGHTH)
    refused(graph, "part", tmp_path, said)


def test_shapes(tmp_path):
    graph, x = image()
    wanted = graph.put("wanted", np.array([2, 36]))
    graph.quantised(graph.node("Reshape", [x, wanted], "y", "part"), EIGHTH)
    refused(graph, "part", tmp_path, "does not keep samples of 72 numbers apart")


def test_argmax_over_the_samples(tmp_path):
    graph, x = row()
    graph.node("ArgMax", [x], "y", "part", axis=0)
    refused(graph, "part", tmp_path, "within a sample", "y", kind=TensorProto.INT64)


@pytest.mark.parametrize("attributes, scale, said", (
    ({"alpha": 0.5}, [0.0625], "alpha and beta"), ({}, [0.5], "another unit than the products")))
def test_products(attributes, scale, said, tmp_path):
    graph, x = row()
    weight = graph.constant("w", np.ones((4, 3)), np.float32(0.5))
    bias = graph.constant("b", [1, 2, 3], np.array(scale, dtype=np.float32), "int32")
    graph.quantised(graph.node("Gemm", [x, weight, bias], "y", "part", **attributes), EIGHTH)
    refused(graph, "part", tmp_path, said)


@pytest.mark.parametrize("scale, said", (
    ([0.5, 0.5], "has 2 scales and 1 zero points for integers of the shape (4, 3)"),
    ([], "has 0 scales"), ([0.5, 0.5, 0], "no number above zero"),
    ([np.nan], "no number above zero")))
def test_scales_of_weights(scale, said, tmp_path):
    graph, x = row()
    weight = graph.constant("w", np.ones((4, 3)), scale)
    graph.quantised(graph.node("MatMul", [x, weight], "y", "part"), EIGHTH)
    refused(graph, "w", tmp_path, said)


def test_a_window_that_is_not_the_weights(tmp_path):
    graph, x = image()
    weight = graph.constant("w", np.ones((1, 2, 3, 3)), np.float32(0.5))
    graph.quantised(graph.node("Conv", [x, weight], "y", "part", kernel_shape=[2, 3]), EIGHTH)
    refused(graph, "part", tmp_path, "its kernel_shape (2, 3) is not its weight's (3, 3)")


def test_sums_of_more_than_32_bits(tmp_path):
    graph, x = row(1)
    weight = graph.constant("w", np.ones((1, 1)), np.float32(0.5))
    bias = graph.constant("b", [(1 << 31) - 255], np.array([0.0625], dtype=np.float32), "int32")
    graph.quantised(graph.node("Gemm", [x, weight, bias], "y", "part"), EIGHTH)
    refused(graph, "part", tmp_path, "a sum can be 2,147,483,648, and sums have 32 bits")


def test_what_is_not_quantised(tmp_path):
    graph, x = row()
    weight = graph.put("w", np.ones((4, 3), dtype=np.float32))
    graph.quantised(graph.node("MatMul", [x, weight], "y", "part"), EIGHTH)
    refused(graph, "part", tmp_path, "no quantised constant")
    graph, x = row()
    graph.node("MatMul", [x, graph.constant("w", np.ones((4, 3)), np.float32(0.5))], "y", "part")
    refused(graph, "part", tmp_path, "its result y is not quantised", "y")
    graph.quantised(graph.node("Relu", ["y"], "z", "behind"), EIGHTH)
    refused(graph, "behind", tmp_path, "quantise the result of node part too", "z_again")


def test_a_relu_that_the_next_integers_do_not_clip(tmp_path):
    graph, x = row()
    weight = graph.constant("w", np.ones((4, 3)), np.float32(0.5))
    graph.node("Gemm", [x, weight], "sums", "part")
    graph.quantised(graph.node("Relu", ["sums"], "y", "clip"),
                    Quantisation(np.float32(0.5), 7, "uint8"))
    refused(graph, "y_q", tmp_path, "behind the Relu clip, so its zero point should be 0, not 7")


def test_types_and_files(tmp_path):
    graph = Qdq((4,))
    given = [graph.put("s", np.float32(0.5)), graph.put("z", np.int16(0))]
    graph.node("QuantizeLinear", ["x", *given], "x_integers", "part")
    graph.node("DequantizeLinear", ["x_integers", *given], "y")
    refused(graph, "part", tmp_path, "its integers are int16", "y")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ProofmillError, match="is no ONNX model"):
        read_model(tmp_path / "text.onnx")
    graph = Qdq(("any",))
    graph.quantised("x", EIGHTH)
    with pytest.raises(ProofmillError, match="of a fixed shape"):
        read_model(graph.save(tmp_path / "loose.onnx", "x_again"))

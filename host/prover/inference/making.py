"""Small models of digits, from pixels to an int8 ONNX file.

They are trained on the digits of scikit-learn (`host.prover.inference.digits`), written as ONNX on
real numbers, and quantised by onnxruntime's static quantiser in QDQ form: activations uint8,
weights int8.
"""

import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from threadpoolctl import threadpool_limits

from proofmill.host.ground.output import write_atomically
from proofmill.host.prover.inference import training
from proofmill.host.prover.inference.digits import HELD_OUT, digits, shaped
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.quantisation import Integers, Reals

BRIGHTEST = 16
"""The value of a white pixel."""

OPSET, IR_VERSION = 21, 10
"""What the file says it needs; onnxruntime 1.18 and newer read it."""

SEED = 1


@dataclass(frozen=True)
class Kind:
    """A network: the shape of its input, how often it sees each sample, and its layers."""

    shape: tuple[int, ...]
    epochs: int
    layers: Callable[[np.random.Generator], list[training.Layer]]


def _dense(random: np.random.Generator, *sizes: int) -> list[training.Layer]:
    """Layers of these sizes, with a Relu between each and the next."""
    found: list[training.Layer] = []
    for inputs, outputs in pairwise(sizes):
        found += [training.Dense(random, inputs, outputs), training.Relu()]
    return found[:-1]


KINDS = {
    "mlp": Kind((64,), 20, lambda random: _dense(random, 64, 32, 10)),
    "cnn": Kind((1, 8, 8), 20, lambda random: [
        training.Convolution(random, 1, 8, 3, 1), training.Relu(), training.MaxPool(),
        training.Convolution(random, 8, 16, 3, 1), training.Relu(), training.AveragePool(),
        training.Flatten(), *_dense(random, 64, 10)]),
    "mlp-784": Kind((784,), 10, lambda random: _dense(random, 784, 128, 10)),
    "lenet": Kind((1, 28, 28), 6, lambda random: [
        training.Convolution(random, 1, 6, 5, 2), training.Relu(), training.AveragePool(),
        training.Convolution(random, 6, 16, 5, 0), training.Relu(), training.AveragePool(),
        training.Flatten(), *_dense(random, 400, 120, 84, 10)]),
}
"""What can be made. lenet is LeNet-5 with a Relu: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner,
"Gradient-based learning applied to document recognition", Proceedings of the IEEE, 1998."""


@dataclass(frozen=True)
class Made:
    """What was made: right answers of the samples held out, on real numbers and on integers."""

    parameters: int
    held_out: int
    right_on_reals: int
    right_on_integers: int


def make(kind: str, path: str | os.PathLike[str], powers_of_two: bool = True,
         told: Callable[[str, int, int], None] = lambda what, done, total: None) -> Made:
    """Train and quantise a model, one of `KINDS`, and write it to `path`; the same each time on one
    machine.

    `powers_of_two`: scales are rounded up to such, so that requantising is a shift. Raises
    `ProofmillError` where the file cannot be written.
    """
    chosen, (all_pixels, classes) = KINDS[kind], digits()
    samples = shaped(all_pixels, chosen.shape)
    assert samples is not None
    random = np.random.default_rng(SEED)
    layers = chosen.layers(random)
    pixels = samples.astype(np.float64) / BRIGHTEST
    with threadpool_limits(1):  # threads of matrices this small wait for each other
        training.train(layers, pixels[:-HELD_OUT], classes[:-HELD_OUT], random, chosen.epochs,
                       lambda done, total: told("training", done, total))
    guesses = training.forward(layers, pixels[-HELD_OUT:])
    told("quantising", 0, 1)
    model = _to_onnx(kind, layers, chosen.shape)
    with tempfile.TemporaryDirectory() as folder, _quietly():
        content = _quantised(model, Path(folder), samples[:-HELD_OUT], powers_of_two)
    write_atomically(path, [content])
    scores = read_model(path).run(samples[-HELD_OUT:])["scores"]
    return Made(sum(each.size for layer in layers for each in layer.parameters), HELD_OUT,
                _right(guesses, classes), _right(scores, classes))


def _right(scores: training.Numbers | Integers, classes: Integers) -> int:
    return int((scores.argmax(axis=1) == classes[-HELD_OUT:]).sum())


def _to_onnx(kind: str, layers: Sequence[training.Layer], shape: tuple[int, ...]) -> Any:
    """The network on real numbers, pixels as they are: the first weights are made smaller instead.

    Outputs: `scores`, one a digit, and `digit`, or where the input is an image `probabilities`.
    """
    nodes, constants, name = [], [], "pixels"
    for number, layer in enumerate(layers):
        out = "scores" if number == len(layers) - 1 else f"layer_{number}"
        kind_of, more = NODES[type(layer)]
        given = [f"{out}_weight", f"{out}_bias"] if layer.parameters else []
        for each, values in zip(given, layer.parameters, strict=True):
            scale = BRIGHTEST if number == 0 and values is layer.parameters[0] else 1
            constants.append(onnx.numpy_helper.from_array((values / scale).astype(np.float32),
                                                          each))
        nodes.append(helper.make_node(kind_of, [name, *given], [out], f"{kind_of}_{number}",
                                      **more, **_window(layer)))
        name = out
    outputs = [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["samples", 10])]
    if len(shape) == 1:
        nodes.append(helper.make_node("ArgMax", ["scores"], ["digit"], "ArgMax", axis=1,
                                      keepdims=0))
        outputs.append(helper.make_tensor_value_info("digit", onnx.TensorProto.INT64, ["samples"]))
    else:
        nodes.append(helper.make_node("Softmax", ["scores"], ["probabilities"], "Softmax", axis=-1))
        outputs.append(helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT,
                                                     ["samples", 10]))
    graph = helper.make_graph(
        nodes, f"digits_{kind}",
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, ["samples", *shape])],
        outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                             ir_version=IR_VERSION, producer_name="proofmill")


POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}

NODES: dict[type, tuple[str, dict[str, Any]]] = {
    training.Dense: ("Gemm", {}), training.Relu: ("Relu", {}),
    training.Convolution: ("Conv", {}),
    training.MaxPool: ("MaxPool", POOL), training.AveragePool: ("AveragePool", POOL),
    training.Flatten: ("Flatten", {"axis": 1})}
"""The operator of each layer, and its attributes."""


def _window(layer: training.Layer) -> dict[str, Any]:
    """The attributes that are a layer's own."""
    if not isinstance(layer, training.Convolution):
        return {}
    return {"kernel_shape": [layer.size] * 2, "pads": [layer.border] * 4}


class _Samples(CalibrationDataReader):  # type: ignore[misc]
    """All samples in one batch, once."""

    def __init__(self, samples: Reals) -> None:
        self._left = [{"pixels": samples}]

    def get_next(self) -> dict[str, Reals] | None:
        """The next batch, which onnxruntime asks for."""
        return self._left.pop() if self._left else None


def _quantised(model: Any, folder: Path, samples: Reals, powers_of_two: bool) -> bytes:
    """The content of the quantised model's file."""
    plain, out = folder / "reals.onnx", folder / "integers.onnx"
    onnx.save(model, plain)
    _quantise(plain, out, samples, {})
    if powers_of_two:
        _quantise(plain, out, samples, _powers_of_two(onnx.load(out).graph))
    return out.read_bytes()


def _quantise(plain: Path, out: Path, samples: Reals, overrides: dict[str, Any]) -> None:
    quantize_static(plain, out, _Samples(samples), quant_format=QuantFormat.QDQ,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    extra_options={"TensorQuantOverrides": overrides})


def _powers_of_two(graph: Any) -> dict[str, Any]:
    """For the quantiser: every scale of a quantised graph, rounded up to a power of two, with the
    zero point that goes with it."""
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    found = {}
    for name, scale in arrays.items():
        tensor = name.removesuffix("_scale")
        # A bias has its products' unit, and a softmax the one that the quantiser gives to all.
        if tensor == name or tensor.endswith("_quantized") or tensor == "probabilities":
            continue
        zero_point = arrays[f"{tensor}_zero_point"]
        rounded = 2.0 ** math.ceil(math.log2(float(scale)))
        zero = np.rint(float(zero_point) * float(scale) / rounded)
        found[tensor] = [{
            "quant_type": QuantType.QInt8 if zero_point.dtype == np.int8 else QuantType.QUInt8,
            "scale": np.array(rounded, dtype=np.float32),
            "zero_point": np.array(zero, dtype=zero_point.dtype)}]
    return found


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the quantiser's advice to prepare a model, which this one needs not."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)

"""The operators of an ONNX file in QDQ form: what each of them is on integers.

Each function takes a node of the file, and refuses what is not supported.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from proofmill.host.prover.inference import operators as op
from proofmill.host.prover.inference.model import Node
from proofmill.host.prover.inference.onnx_graph import Constant, Graph, Pending, Tensor, name_of
from proofmill.host.prover.inference.quantisation import (
    RANGES,
    Integers,
    Quantisation,
    ratio,
)

MOST_SUM = (1 << 31) - 1
"""Sums have 32 bits."""


def quantize_linear(graph: Graph, node: Any) -> None:
    """QuantizeLinear: of the model's input, or behind an operator."""
    graph.attributes(node, axis=1, saturate=1, block_size=0, output_dtype=0, precision=0)
    target, name = graph.quantisation(node), node.input[0]
    real = graph.reals.get(name)
    if name == graph.input:
        if graph.source is not None and graph.source[1] != target:
            graph.refuse(node, "quantises the input a second time and otherwise")
        graph.source, shape = (node.output[0], target), graph.shape
    elif isinstance(real, Pending):
        if real.clipped and target.zero_point != target.least:
            graph.refuse(node, f"is behind the Relu {real.clipped}, so its zero point should be "
                        f"{target.least}, not {target.zero_point}")
        graph.nodes.append(Node(name_of(real.node), real.node.op_type, real.make(target),
                                real.inputs, node.output[0]))
        shape = real.shape
    else:
        graph.refuse(node, f"quantises {name}, which no supported operator gives")
    graph.integers[node.output[0]] = Tensor(node.output[0], target, shape)


def dequantize_linear(graph: Graph, node: Any) -> None:
    """DequantizeLinear: of integers or of constants."""
    axis = graph.attributes(node, axis=1, block_size=0, output_dtype=0)["axis"]
    name, out = node.input[0], node.output[0]
    if name in graph.integers:
        if graph.quantisation(node) != graph.integers[name].quantisation:
            graph.refuse(node, f"its scale or zero point is not what {name} was quantised with")
        graph.reals[out] = graph.integers[name]
        return
    values, scale = graph.array(node, 0, "input"), graph.array(node, 1, "scale")
    zero = graph.arrays.get(node.input[2]) if len(node.input) > 2 else None
    if str(values.dtype) not in (*RANGES, "int32"):
        graph.refuse(node, f"its integers are {values.dtype}; int8, uint8 and, for a bias, "
                    "int32 are supported")
    scales = scale.astype(np.float32).reshape(-1)
    zeros = np.zeros(1, np.int64) if zero is None else zero.astype(np.int64).reshape(-1)
    axis = 0 if values.ndim == 1 else axis
    slices = {1, values.shape[axis] if -values.ndim <= axis < values.ndim else 1}
    if len(scales) not in slices or len(zeros) not in (1, len(scales)):
        graph.refuse(node, f"has {len(scales)} scales and {len(zeros)} zero points for integers of "
                     f"the shape {values.shape}; it takes one, or one for each slice")
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        graph.refuse(node, "has a scale that is no number above zero")
    graph.reals[out] = Constant(values.astype(np.int64), scales, zeros, axis, str(values.dtype))


def linear(graph: Graph, node: Any) -> None:
    """Gemm and MatMul."""
    gemm = node.op_type == "Gemm"
    given = graph.attributes(node, alpha=1.0, beta=1.0, transA=0, transB=0) if gemm else {}
    if gemm and (given["alpha"], given["beta"], given["transA"]) != (1.0, 1.0, 0):
        graph.refuse(node, "alpha and beta have to be 1, and transA 0")
    source, weights = graph.tensor(node, 0), graph.constant(node, 1, "weight")
    turned = bool(gemm and given["transB"])
    weight = _without_zero(weights).T if turned else _without_zero(weights)
    if weight.ndim != 2 or source.shape[-1:] != weight.shape[:1] or len(source.shape) != 1:
        graph.refuse(node, f"takes rows of numbers and a matrix, not {source.shape} and "
                    f"{weight.shape}")
    if len(weights.scale) > 1 and weights.axis % 2 != (0 if turned else 1):
        graph.refuse(node, "has a scale for each input; quantise by output, or the whole weight")
    bias = bias_of(graph, node, source, weights, weight.shape[1])
    check_sums(graph, node, source, np.abs(weight).sum(axis=0), bias)
    graph.put(node, (source.integers,), weight.shape[1:], lambda target: op.Linear(
        source.quantisation, target, weight, bias,
        ratio(source.quantisation.scale, weights.scale, target.scale)))


def convolution(graph: Graph, node: Any) -> None:
    """Conv."""
    given = graph.attributes(node, auto_pad=b"NOTSET", dilations=[1, 1], group=1,
                            kernel_shape=[], pads=[0] * 4, strides=[1, 1])
    source, weights = graph.tensor(node, 0), graph.constant(node, 1, "weight")
    weight, groups = _without_zero(weights), given["group"]
    if weight.ndim != 4 or len(source.shape) != 3:
        graph.refuse(node, "takes images of rows and columns, in channels")
    window = window_of(graph, node, given, list(weight.shape[2:]))
    if window.size != weight.shape[2:]:
        graph.refuse(node, f"its kernel_shape {window.size} is not its weight's "
                     f"{weight.shape[2:]}; leave it out")
    if source.shape[0] != weight.shape[1] * groups or weight.shape[0] % groups:
        graph.refuse(node, f"has weights for {weight.shape[1] * groups} channels, and gets "
                    f"{source.shape[0]}")
    if len(weights.scale) > 1 and weights.axis != 0:
        graph.refuse(node, "has scales along another axis than the outputs'; quantise by output")
    bias = bias_of(graph, node, source, weights, weight.shape[0])
    check_sums(graph, node, source, np.abs(weight).sum(axis=(1, 2, 3)), bias)
    graph.put(node, (source.integers,), (weight.shape[0], *slid(graph, node, source, window)),
             lambda target: op.Convolution(
                 source.quantisation, target, window, weight, bias,
                 ratio(source.quantisation.scale, weights.scale, target.scale), groups))


def bias_of(graph: Graph, node: Any, source: Tensor, weights: Constant, count: int) -> Integers:
    """The bias of a Gemm or Conv in the unit of the products; zeros without one."""
    if len(node.input) <= 2 or not node.input[2]:
        return np.zeros(count, np.int64)
    found = graph.constant(node, 2, "bias")
    unit = np.float32(source.quantisation.scale) * weights.scale
    if found.zero_point.any() or not np.allclose(found.scale, unit, rtol=1e-6, atol=0):
        graph.refuse(node, f"its bias {node.input[2]} has another unit than the products; "
                    "quantise it with the scales of input and weight multiplied")
    if found.values.shape not in ((count,), (1, count), (1,), ()):
        graph.refuse(node, f"its bias has the shape {found.values.shape}, not ({count},)")
    return np.broadcast_to(found.values.reshape(-1), (count,))


def check_sums(graph: Graph, node: Any, source: Tensor, weight: Integers, bias: Integers) -> None:
    """Raise where a sum can leave 32 bits."""
    quantisation = source.quantisation
    reach = max(quantisation.most - quantisation.zero_point,
                quantisation.zero_point - quantisation.least)
    most = int((weight * reach + np.abs(bias)).max(initial=0))
    if most > MOST_SUM:
        graph.refuse(node, f"a sum can be {most:,}, and sums have 32 bits; take smaller layers")


def window_of(graph: Graph, node: Any, given: dict[str, Any], size: list[int]) -> op.Window:
    """What slides over an image; `size` where the node says none."""
    if given["auto_pad"] not in (b"NOTSET", b"VALID"):
        graph.refuse(node, f"auto_pad {given['auto_pad'].decode()} is not supported; write pads")
    if list(given["dilations"]) != [1, 1]:
        graph.refuse(node, f"dilations {list(given['dilations'])} are not supported, but 1")
    size = list(given["kernel_shape"]) or size
    pads, strides = list(given["pads"]), list(given["strides"])
    if (len(size), len(pads), len(strides)) != (2, 4, 2) or min(pads) < 0 or \
            min(size + strides) < 1:
        graph.refuse(node, "takes images of rows and columns: kernel_shape and strides of two "
                    "numbers, pads of four that are not negative")
    return op.Window((size[0], size[1]), (strides[0], strides[1]),
                     (pads[0], pads[1], pads[2], pads[3]))


def slid(graph: Graph, node: Any, source: Tensor, window: op.Window) -> tuple[int, int]:
    """Rows and columns of what a window gives."""
    sizes = [(source.shape[1 + axis] + window.pads[axis] + window.pads[axis + 2]
              - window.size[axis]) // window.strides[axis] + 1 for axis in (0, 1)]
    if min(sizes) < 1:
        graph.refuse(node, f"its window {window.size} is larger than the image")
    return sizes[0], sizes[1]


def pool(graph: Graph, node: Any) -> None:
    """MaxPool and AveragePool."""
    given = graph.attributes(node, auto_pad=b"NOTSET", ceil_mode=0, dilations=[1, 1],
                            kernel_shape=[], pads=[0] * 4, strides=[1, 1],
                            count_include_pad=0, storage_order=0)
    if given["ceil_mode"]:
        graph.refuse(node, "ceil_mode 1 is not supported; write pads")
    source = graph.tensor(node, 0)
    if len(source.shape) != 3 or len(node.output) != 1:
        graph.refuse(node, "takes images of rows and columns, in channels, and gives no places")
    window = window_of(graph, node, given, [])
    shape = (source.shape[0], *slid(graph, node, source, window))
    if any(pad >= window.size[place % 2] for place, pad in enumerate(window.pads)):
        graph.refuse(node, "pads have to be smaller than the window")
    graph.put(node, (source.integers,), shape, lambda target: (
        op.MaxPool(source.quantisation, target, window) if node.op_type == "MaxPool" else
        op.AveragePool(source.quantisation, target, window,
                       bool(given["count_include_pad"]))))


def relu(graph: Graph, node: Any) -> None:
    """Relu: behind a Gemm or Conv, whose clipping it is then, or by itself."""
    before = graph.reals.get(node.input[0])
    if isinstance(before, Pending) and before.node.op_type in ("Gemm", "Conv"):
        graph.reals[node.output[0]] = Pending(before.node, before.inputs, before.shape,
                                             before.make, name_of(node))
        return
    source = graph.tensor(node, 0)
    graph.put(node, (source.integers,), source.shape,
             lambda target: op.Relu(source.quantisation, target))


def add(graph: Graph, node: Any) -> None:
    """Add."""
    first, second = (_summand(graph, node, place) for place in (0, 1))
    try:
        shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        graph.refuse(node, f"cannot add {first.shape} and {second.shape}")
    graph.put(node, (first.integers, second.integers), shape, lambda target: op.Add(
        (first.quantisation, second.quantisation), target))


def _summand(graph: Graph, node: Any, place: int) -> Tensor:
    """An input that may be a constant too, if the other is none."""
    name, other = node.input[place], node.input[1 - place]
    real = graph.reals.get(name)
    if not isinstance(real, Constant) or isinstance(graph.reals.get(other), Constant):
        return graph.tensor(node, place)
    if len(real.scale) > 1 or real.type not in RANGES:
        graph.refuse(node, f"its constant {name} has to be int8 or uint8, with one scale")
    graph.constants[name] = real.values
    batch = real.values.shape[:1] == (1,) and real.values.ndim == 1 + len(
        graph.tensor(node, 1 - place).shape)
    return Tensor(name, Quantisation(real.scale[0], int(real.zero_point[0]), real.type),
                  real.values.shape[1:] if batch else real.values.shape)


def reshaping(graph: Graph, node: Any) -> None:
    """Flatten and Reshape."""
    source = graph.tensor(node, 0)
    count = int(np.prod(source.shape))
    if node.op_type == "Flatten":
        if graph.attributes(node, axis=1)["axis"] not in (1, -len(source.shape)):
            graph.refuse(node, "has to keep the samples apart: axis 1")
        shape: tuple[int, ...] = (count,)
    else:
        graph.attributes(node, allowzero=0)
        wanted = [int(each) for each in graph.array(node, 1, "shape")]
        shape = tuple(wanted[1:])
        if -1 in shape and wanted[0] in (0, 1):
            rest = -int(np.prod(shape))
            shape = tuple(count // rest if each == -1 else each for each in shape)
        if not wanted or wanted[0] not in (-1, 0, 1) or int(np.prod(shape)) != count:
            graph.refuse(node, f"the shape {wanted} does not keep samples of {count} numbers "
                        "apart; let it begin with -1 or 0")
    graph.put(node, (source.integers,), shape,
             lambda target: op.Reshaping(source.quantisation, target, shape))


def softmax(graph: Graph, node: Any) -> None:
    """Softmax."""
    source = graph.tensor(node, 0)
    if graph.attributes(node, axis=-1)["axis"] not in (-1, len(source.shape)):
        graph.refuse(node, "has to be over the last axis")
    graph.put(node, (source.integers,), source.shape,
             lambda target: op.Softmax(source.quantisation, target))


def argmax(graph: Graph, node: Any) -> None:
    """ArgMax."""
    given = graph.attributes(node, axis=0, keepdims=1, select_last_index=0)
    source = graph.tensor(node, 0)
    axis = given["axis"] + (len(source.shape) + 1 if given["axis"] < 0 else 0)
    if not 1 <= axis <= len(source.shape) or given["select_last_index"]:
        graph.refuse(node, "has to be within a sample, and give the first of equal places")
    graph.nodes.append(Node(name_of(node), node.op_type, op.ArgMax(axis, bool(given["keepdims"])),
                            (source.integers,), node.output[0]))
    graph.results.add(node.output[0])


def _without_zero(weights: Constant) -> Integers:
    shape = [1] * weights.values.ndim
    if len(weights.zero_point) > 1:
        shape[weights.axis] = -1
    return weights.values - weights.zero_point.reshape(shape)


READERS: dict[str, Callable[[Graph, Any], None]] = {
    "QuantizeLinear": quantize_linear, "DequantizeLinear": dequantize_linear,
    "Gemm": linear, "MatMul": linear, "Conv": convolution,
    "MaxPool": pool, "AveragePool": pool, "Relu": relu,
    "Add": add, "Flatten": reshaping, "Reshape": reshaping,
    "Softmax": softmax, "ArgMax": argmax}
"""The operators that are supported."""

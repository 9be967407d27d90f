"""What is known of an ONNX file while it is read: which real tensors are which integers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import onnx
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.inference.model import Node
from proofmill.host.prover.inference.operators import Operator
from proofmill.host.prover.inference.quantisation import RANGES, Integers, Quantisation, Reals


@dataclass(frozen=True)
class Tensor:
    """A real tensor that is integers: their name, and what they stand for."""

    integers: str
    quantisation: Quantisation
    shape: tuple[int, ...]
    """Without the batch."""


@dataclass(frozen=True)
class Constant:
    """A real tensor of the file: integers and scales, one or one for each slice along `axis`."""

    values: Integers
    scale: Reals
    zero_point: Integers
    axis: int
    type: str
    """Of the integers: uint8, int8, or int32 of a bias."""


@dataclass(frozen=True)
class Pending:
    """An operator whose output is yet to be quantised; `make` gives it for a quantisation."""

    node: Any
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    make: Callable[[Quantisation], Operator]
    clipped: str = ""
    """The name of a Relu behind it."""


def name_of(node: Any) -> str:
    """What messages call a node; it need not have a name of its own."""
    return node.name or (node.output[0] if node.output else "without a name")


class Graph:
    """The file at `path`; its methods raise `ProofmillError`, which names the node."""

    def __init__(self, path: str, proto: Any) -> None:
        self.path, self.proto = path, proto
        self.arrays: dict[str, NDArray[Any]] = {
            each.name: onnx.numpy_helper.to_array(each) for each in proto.initializer}
        self.reals: dict[str, Tensor | Constant | Pending] = {}
        self.integers: dict[str, Tensor] = {}
        self.results: set[str] = set()
        """Names of what is no real number: ArgMax."""
        self.constants: dict[str, Integers] = {}
        self.nodes: list[Node] = []
        self.source: tuple[str, Quantisation] | None = None
        inputs = [each for each in proto.input if each.name not in self.arrays]
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs) or "none"
            raise ProofmillError(f"{path}: has the inputs {names}; one input is supported")
        self.input = inputs[0].name
        dimensions = inputs[0].type.tensor_type.shape.dim
        self.shape = tuple(each.dim_value for each in dimensions[1:])
        if not dimensions or 0 in self.shape or inputs[0].type.tensor_type.elem_type != \
                onnx.TensorProto.FLOAT:
            raise ProofmillError(f"{path}: input {self.input}: is no batch of real numbers (float) "
                                 "of a fixed shape; export the model with one, all but the first "
                                 "dimension given")

    def refuse(self, node: Any, reason: str) -> NoReturn:
        raise ProofmillError(f"{self.path}: node {name_of(node)} ({node.op_type}): {reason}")

    def attributes(self, node: Any, **defaults: Any) -> dict[str, Any]:
        """The node's attributes; those of `defaults` are known."""
        given = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        for name in given.keys() - defaults.keys():
            self.refuse(node, f"the attribute {name} is not supported")
        return defaults | given

    def array(self, node: Any, place: int, what: str) -> NDArray[Any]:
        """An input that has to be a constant of the file."""
        name = node.input[place] if place < len(node.input) else ""
        if name not in self.arrays:
            self.refuse(node, f"its {what} {name or '(left out)'} is no constant of the file")
        return self.arrays[name]

    def tensor(self, node: Any, place: int) -> Tensor:
        """An input that has to be integers that depend on the model's input."""
        real = self.reals.get(node.input[place])
        if isinstance(real, Pending):
            self.refuse(node, f"its input {node.input[place]} is not quantised; quantise the result"
                        f" of node {name_of(real.node)} too")
        if not isinstance(real, Tensor):
            self.refuse(node, f"its input {node.input[place]} is not quantised, or is a constant; "
                        "quantise the model in QDQ form")
        return real

    def constant(self, node: Any, place: int, what: str) -> Constant:
        """An input that has to be quantised constants."""
        real = self.reals.get(node.input[place])
        if not isinstance(real, Constant):
            self.refuse(node, f"its {what} {node.input[place]} is no quantised constant of the "
                        "file; quantise the model in QDQ form")
        return real

    def quantisation(self, node: Any) -> Quantisation:
        """Of a QuantizeLinear or DequantizeLinear on a tensor."""
        scale, zero = self.array(node, 1, "scale"), self.array(node, 2, "zero point")
        if scale.size != 1 or zero.size != 1:
            self.refuse(node, "activations have one scale; quantise them for the whole tensor")
        if str(zero.dtype) not in RANGES:
            self.refuse(node, f"its integers are {zero.dtype}; int8 and uint8 are supported")
        number = np.float32(scale.reshape(-1)[0])
        if scale.dtype != np.float32 or not (np.isfinite(number) and number > 0):
            self.refuse(node, f"its scale {scale.reshape(-1)[0]} is no number above zero in single "
                        "precision")
        return Quantisation(number, int(zero.reshape(-1)[0]), str(zero.dtype))

    def put(self, node: Any, inputs: tuple[str, ...], shape: tuple[int, ...],
            make: Callable[[Quantisation], Operator]) -> None:
        """The node's result, once its quantisation is known."""
        self.reals[node.output[0]] = Pending(node, inputs, shape, make)

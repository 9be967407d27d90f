"""An int8 ONNX model in QDQ form, as onnxruntime's quantiser writes it, as a `Model`.

In that form every operator stays what it was on real numbers, between DequantizeLinear on its
inputs and QuantizeLinear on its output; what is computed on integers is the three together. All
that has no such integers around it, and all that is not known here, is refused by its name.
"""

import os

import onnx

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.inference.model import Model, Output
from proofmill.host.prover.inference.onnx_graph import Graph, Pending, Tensor
from proofmill.host.prover.inference.onnx_operators import READERS


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model; raises `ProofmillError` for what is no ONNX, and what is not supported."""
    name = os.fspath(path)
    try:
        proto = onnx.load(name)
        onnx.checker.check_model(proto)
    except OSError:
        raise
    except Exception as error:  # the parser's and the checker's, which have no common class
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ProofmillError(f"{name}: is no ONNX model: {reason}; export it again") from None
    return _read(Graph(name, proto.graph))


def _read(graph: Graph) -> Model:
    for node in graph.proto.node:
        reader = READERS.get(node.op_type)
        if reader is None or node.domain not in ("", "ai.onnx"):
            graph.refuse(node, "is not supported; of what is, a model may have "
                         + ", ".join(sorted(READERS)))
        reader(graph, node)
    outputs = tuple(_output(graph, each.name) for each in graph.proto.output)
    if graph.source is None:
        raise ProofmillError(f"{graph.path}: input {graph.input}: is not quantised; quantise the "
                             "model in QDQ form")
    return Model(graph.path, graph.input, graph.shape, graph.source[1], graph.source[0],
                 graph.constants, tuple(graph.nodes), outputs)


def _output(graph: Graph, name: str) -> Output:
    real = graph.reals.get(name)
    if name in graph.results:
        return Output(name, name, None)
    if name in graph.integers:
        return Output(name, name, graph.integers[name].quantisation)
    if isinstance(real, Tensor):
        return Output(name, real.integers, real.quantisation)
    if isinstance(real, Pending):
        graph.refuse(real.node, f"its result {name} is not quantised; quantise it too")
    raise ProofmillError(f"{graph.path}: output {name}: nothing gives it but the input or a "
                         "constant; leave it out of the model")

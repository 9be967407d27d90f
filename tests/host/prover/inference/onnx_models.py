"""ONNX models of one operator, in QDQ form, and onnxruntime's answer to them."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from proofmill.host.prover.inference.comparing import EXACT
from proofmill.host.prover.inference.quantisation import Quantisation

TYPES = {"uint8": np.uint8, "int8": np.int8, "int32": np.int32}


class Qdq:
    """A graph that grows: every method returns the name of a real tensor."""

    def __init__(self, shape):
        self.nodes, self.arrays, self.shape, self.outputs = [], [], shape, []

    def put(self, name, values):
        self.arrays.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def parameters(self, name, quantisation):
        return [self.put(f"{name}_scale", np.float32(quantisation.scale)),
                self.put(f"{name}_zero", TYPES[quantisation.type](quantisation.zero_point))]

    def quantised(self, real, quantisation):
        """`real` rounded to a quantisation."""
        given = self.parameters(real, quantisation)
        self.node("QuantizeLinear", [real, *given], f"{real}_integers", name=f"{real}_q")
        return self.node("DequantizeLinear", [f"{real}_integers", *given], f"{real}_again",
                         name=f"{real}_dq")

    def constant(self, name, values, scale, kind="int8"):
        self.put(f"{name}_integers", np.asarray(values).astype(TYPES[kind]))
        scales = self.put(f"{name}_scale", np.asarray(scale, dtype=np.float32))
        axis = {"axis": 0} if np.ndim(scale) and kind != "int32" and np.ndim(values) == 4 else {}
        return self.node("DequantizeLinear", [f"{name}_integers", scales], name, **axis)

    def node(self, kind, inputs, output, name="", **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name or output, **attributes))
        return output

    def model(self, *outputs, kind=TensorProto.FLOAT):
        graph = helper.make_graph(
            self.nodes, "model",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["samples", *self.shape])],
            [helper.make_tensor_value_info(name, kind, None) for name in outputs], self.arrays)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        return onnx.shape_inference.infer_shapes(model)

    def save(self, path, *outputs, kind=TensorProto.FLOAT):
        onnx.save(self.model(*outputs, kind=kind), path)
        return path


def onnxruntimes(path, samples):
    """The first output by onnxruntime with exact kernels, and the operators it ran."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(*EXACT)
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path) + ".run.onnx"
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": samples})[0]
    ran = [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]
    return found, ran


def drawn(random, power_of_two, kind="uint8"):
    """A quantisation of scale about 1/16 and any zero point."""
    scale = np.float32(2.0 ** -random.integers(3, 6) if power_of_two else random.uniform(.03, .12))
    low, high = (0, 255) if kind == "uint8" else (-128, 127)
    return Quantisation(scale, int(random.integers(low, high + 1)), kind)

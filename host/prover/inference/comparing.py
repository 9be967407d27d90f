"""The same model by onnxruntime, and how many of its integers differ."""

import os

import numpy as np
import onnxruntime

from proofmill.host.prover.inference.model import Model
from proofmill.host.prover.inference.quantisation import Integers, Reals

EXACT = ("session.x64quantprecision", "1")
"""Without it, on processors with AVX2 or AVX-512 but not VNNI, sums of two products of uint8 and
int8 are cut off at 16 bits (instruction VPMADDUBSW), and results are wrong where that happens."""


def differences(path: str | os.PathLike[str], model: Model, samples: Reals,
                found: dict[str, Integers]) -> int:
    """How many integers of `found`, the outputs of `model`, are not onnxruntime's for the file.

    Where the file gives real numbers, those that stand for the integers are compared, bit for bit.
    """
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(*EXACT)
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(os.fspath(path), options,
                                           providers=["CPUExecutionProvider"])
    theirs = session.run([output.name for output in model.outputs], {model.input: samples})
    count = 0
    for output, values in zip(model.outputs, theirs, strict=True):
        own = found[output.name]
        if output.quantisation is not None and values.dtype.kind == "f":
            own = output.quantisation.dequantise(own)  # type: ignore[assignment]
        if own.shape != values.shape:
            count += max(own.size, values.size)
        else:
            count += int(np.count_nonzero(own != values))
    return count

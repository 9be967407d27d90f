"""What a model is asked about: samples from files, or of the digits that scikit-learn has."""

import os
import re
from dataclasses import dataclass

import numpy as np

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.prover.inference.model import Model
from proofmill.host.prover.inference.quantisation import Integers, Reals

DIGITS = re.compile(r"digits(?::(\d{1,9})(?:-(\d{1,9}))?)?", re.ASCII)
"""``digits``, ``digits:17``, ``digits:0-99``."""


@dataclass(frozen=True)
class Samples:
    """A batch; `classes`: what they are, where it is known."""

    values: Reals
    classes: Integers | None = None


def read_samples(text: str, model: Model) -> Samples:
    """The samples that `text` names: ``digits``, some of these, or a .npy or .json file.

    One sample may stand in a file without a batch around it. Raises `ProofmillError` where they are
    not of the model's shape.
    """
    if found := DIGITS.fullmatch(text):
        return _digits(text, found, model)
    values = _load(text)
    if values.shape == model.shape:
        values = values[None]
    if values.shape[1:] != model.shape or not len(values):
        raise ProofmillError(f"{text}: has the shape {values.shape}; {model.name} takes "
                             f"{model.shape}, or a batch of such")
    if not np.isfinite(values).all():
        raise ProofmillError(f"{text}: has values that are no finite numbers; leave them out")
    return Samples(values)


def _digits(text: str, found: re.Match[str], model: Model) -> Samples:
    from proofmill.host.prover.inference.digits import digits, shaped

    pixels, classes = digits()
    first = int(found[1] or 0)
    last = int(found[2] or found[1] or len(pixels) - 1)
    if not first <= last < len(pixels):
        raise ProofmillError(f"{text}: there are digits 0 to {len(pixels) - 1}; write one such "
                             "number, or first-last")
    chosen = slice(first, last + 1)
    images = shaped(pixels[chosen], model.shape)
    if images is None:
        raise ProofmillError(f"{text}: a digit has {pixels.shape[1]} pixels, or 784 enlarged; "
                             f"{model.name} takes {model.shape}")
    return Samples(images, classes[chosen])


def _load(path: str) -> Reals:
    suffix = os.path.splitext(path)[1]
    try:
        if suffix == ".npy":
            found = np.load(path, allow_pickle=False)
        elif suffix == ".json":
            with open(path, encoding="utf-8") as stream:
                found = np.asarray(parse_json(stream.read()))
        else:
            raise ProofmillError(f"{path}: is neither .npy nor .json; write samples as one of "
                                 "these, or say `digits:0` for one of scikit-learn's")
    except (ValueError, EOFError) as error:
        raise ProofmillError(f"{path}: has no array of numbers: {error}; write it with numpy.save, "
                             "or as JSON lists of one length") from None
    if found.dtype.kind not in "iuf":
        raise ProofmillError(f"{path}: has values of the type {found.dtype}, not numbers")
    values: Reals = found.astype(np.float32)
    return values

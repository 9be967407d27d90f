"""A model in pieces gives what it gives at once."""

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.onnx_file import read_model
from proofmill.host.prover.inference.tiles import Tiled


@pytest.mark.parametrize(("kind", "most"), [("mlp", 1), ("mlp", 6_000), ("cnn", 30_000)])
def test_pieces_give_the_outputs_of_the_whole(kind, most, trained) -> None:
    model = read_model(trained(kind))
    samples = shaped(digits()[0][:3], model.shape)
    assert samples is not None
    tiled = Tiled(model, samples, most)
    done = list(tiled.run())
    assert sum(done) == tiled.products and max(done) == tiled.longest
    least = max(piece.products // (piece.last - piece.first) for piece in tiled.pieces)
    assert tiled.longest <= max(most, least)
    for name, values in model.run(samples).items():
        np.testing.assert_array_equal(tiled.outputs()[name], values)

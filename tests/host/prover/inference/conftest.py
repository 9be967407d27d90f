"""The two models of digits, made once a run of the tests."""

import pytest


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The path of a model, "mlp" or "cnn"; it is made when it is first asked for."""
    pytest.importorskip("onnxruntime")
    from proofmill.host.prover.inference import making

    folder, made = tmp_path_factory.mktemp("models"), {}

    def path_of(kind, powers_of_two=True):
        path = folder / f"{kind}-{powers_of_two}.onnx"
        if path not in made:
            made[path] = making.make(kind, path, powers_of_two)
        return path

    return path_of

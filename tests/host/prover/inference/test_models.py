"""The two models that a command trains: every sample, and the commands themselves."""

import json
import sys

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from proofmill.host.cli import inference
from proofmill.host.cli.main import main
from proofmill.host.prover.inference import making
from proofmill.host.prover.inference.comparing import differences
from proofmill.host.prover.inference.digits import digits, shaped
from proofmill.host.prover.inference.onnx_file import read_model


@pytest.mark.parametrize("kind, powers_of_two", (
    ("mlp", True), ("mlp", False), ("cnn", True), ("cnn", False), ("mlp-784", True),
    ("mlp-784", False),
    pytest.param("lenet", True, marks=pytest.mark.slow),
    pytest.param("lenet", False, marks=pytest.mark.slow)))
def test_no_integer_differs_on_any_digit(kind, powers_of_two, trained):
    path = trained(kind, powers_of_two)
    model = read_model(path)
    pixels, classes = digits()
    assert len(pixels) == 1797
    samples = shaped(pixels, model.shape)
    found = model.run(samples)
    assert differences(path, model, samples, found) == 0
    assert (found["scores"].argmax(axis=1) == classes).mean() > 0.93
    # The comparison sees one integer that is wrong by one.
    found["scores"][1000, 3] += 1
    assert differences(path, model, samples, found) == 1


def test_digits_are_enlarged_by_whole_pixels():
    pixels = digits()[0][:2]
    large = shaped(pixels, (1, 28, 28))
    assert np.array_equal(large[:, 0, 2:26:3, 2:26:3].reshape(2, 64), pixels)
    assert large.sum() == 9 * pixels.sum() and np.array_equal(
        shaped(pixels, (784,)), large.reshape(2, 784))
    assert shaped(pixels, (65,)) is None


def test_the_command_knows_all_kinds():
    assert inference.KINDS == tuple(making.KINDS)


def test_the_models_have_the_operators_they_are_for(trained):
    assert [node.kind for node in read_model(trained("mlp")).nodes] == ["Gemm", "Gemm", "ArgMax"]
    assert [node.kind for node in read_model(trained("cnn")).nodes] == [
        "Conv", "MaxPool", "Conv", "AveragePool", "Flatten", "Gemm", "Softmax"]
    for kind in ("mlp", "cnn"):
        for node in read_model(trained(kind)).nodes:
            target = getattr(node.operator, "target", None)
            if target is not None and node.kind != "Softmax":
                assert np.frexp(target.scale)[0] == 0.5


def test_training_again_makes_the_same_file(trained, tmp_path, capsys):
    assert main(["model", "train", "mlp", str(tmp_path / "again.onnx"), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["parameters"], made["held_out"]) == (64 * 32 + 32 + 320 + 10, 500)
    assert made["right_on_integers"] > 450
    assert (tmp_path / "again.onnx").read_bytes() == trained("mlp").read_bytes()


def test_infer(trained, tmp_path, capsys):
    path = str(trained("mlp"))
    assert main(["infer", path, "digits", "--compare"]) == 0
    assert "0 of 19,767 integers differ from onnxruntime's" in capsys.readouterr().out
    np.save(tmp_path / "one.npy", digits()[0][3])
    (tmp_path / "two.json").write_text(json.dumps(digits()[0][3:5].tolist()))
    shown = []
    for given in (tmp_path / "one.npy", tmp_path / "two.json", "digits:3", "digits:3-4"):
        assert main(["infer", path, str(given), "--json"]) == 0
        shown.append(json.loads(capsys.readouterr().out))
    integers = [[output["integers"] for output in each["outputs"]] for each in shown]
    assert integers[0] == integers[2] and integers[1] == integers[3]
    assert [each["samples"] for each in shown] == [1, 2, 1, 2]
    assert integers[0][1] == [3] and shown[2]["right"] == 1 and shown[0]["right"] is None


def test_a_difference_is_status_1(trained, capsys, monkeypatch):
    from proofmill.host.prover.inference import comparing

    monkeypatch.setattr(comparing, "differences", lambda *given: 2)
    assert main(["infer", str(trained("mlp")), "digits:0", "--compare"]) == 1
    assert "2 of 11 integers differ" in capsys.readouterr().out


@pytest.mark.parametrize("given, said", (
    ("digits:1797", "there are digits 0 to 1796"), ("digits:5-3", "there are digits 0 to 1796"),
    ("digits:x", "there is no file digits:x"), ("nothing.npy", "there is no file nothing.npy"),
    ("wide.npy", "has the shape (2, 65)"), ("text.npy", "has no array of numbers"),
    ("ragged.json", "has no array of numbers"), ("words.json", "not numbers"),
    ("endless.npy", "no finite numbers"), ("one.txt", "is neither .npy nor .json")))
def test_samples_that_are_none(given, said, trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("wide.npy", np.zeros((2, 65)))
    np.save("endless.npy", np.full(64, np.inf))
    for name, text in (("text.npy", "0"), ("ragged.json", "[[1], [1, 2]]"), ("one.txt", "0"),
                       ("words.json", '["a"]')):
        (tmp_path / name).write_text(text)
    assert main(["infer", str(trained("mlp")), given]) == 2
    assert said in capsys.readouterr().err


def test_a_device_that_is_none(trained, capsys):
    assert main(["infer", str(trained("mlp")), "digits:0", "--device", "gpu"]) == 2
    assert "choose one of cpu" in capsys.readouterr().err


def test_without_the_extra_the_command_says_so(trained, monkeypatch, capsys):
    path = str(trained("mlp"))
    package = "proofmill.host.prover.inference"
    for name in [name for name in sys.modules if name.startswith(package)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["infer", path, "digits:0"]) == 2
    assert "onnx is not installed" in capsys.readouterr().err

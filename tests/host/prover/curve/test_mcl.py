import importlib
import sys

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import mcl


def test_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcl, "_library", None)
    monkeypatch.setitem(sys.modules, "mclbn256", None)
    with pytest.raises(ProofmillError, match="pip install mclbn256==1.3.5"):
        mcl.library()


def test_missing_scalar_field_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zk_dtypes", None)
    monkeypatch.delitem(sys.modules, "proofmill.host.prover.curve.scalars")
    with pytest.raises(ProofmillError, match="pip install 'zk_dtypes"):
        importlib.import_module("proofmill.host.prover.curve.scalars")


def test_the_library_is_opened_once() -> None:
    assert mcl.library() is mcl.library()

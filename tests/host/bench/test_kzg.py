"""``bench kzg`` compares what it times."""

import pytest

from proofmill.host.bench import kzg
from proofmill.host.ground.errors import ProofmillError


def test_answers_that_differ_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kzg, "_pairs", lambda *given: {
        "one": (lambda: b"same", lambda: b"same"), "two": (lambda: True, lambda: False)})
    with pytest.raises(ProofmillError, match="^two, seed 3: proofmill's answer is not ckzg's; "):
        kzg.compare(1, 1, 3, lambda *step: None)


def test_every_function_is_compared() -> None:
    steps: list[str] = []
    found = kzg.compare(1, 2, 0, lambda what, done, total: steps.append(what))
    assert (found["rounds"], found["threads"], found["seed"]) == (1, 2, 0)
    assert [each["function"] for each in found["results"]] == steps[1:] and len(steps) == 7
    for each in found["results"]:
        assert set(each["cpu_seconds"]) == set(each["wall_seconds"]) == {"proofmill", "ckzg"}
        for ratio, times in (("cpu_ratio", "cpu_seconds"), ("wall_ratio", "wall_seconds")):
            assert each[ratio] == each[times]["proofmill"] / each[times]["ckzg"] > 0

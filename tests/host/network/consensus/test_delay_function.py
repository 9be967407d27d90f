"""The delay function: one output of a mix, proofs that anybody checks, wrong ones refused."""

import builtins
from dataclasses import replace
from hashlib import sha256

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus import delay_function
from proofmill.host.network.consensus.delay_function import (
    DISCRIMINANT_BITS,
    DOMAIN,
    FORM_BYTES,
    PROOF_BYTES,
    Delayed,
    evaluate,
    holds,
)

chiavdf = pytest.importorskip("chiavdf")
MIX = sha256(b"a mix").digest()
SQUARINGS = 300


@pytest.fixture(scope="module")
def delayed() -> Delayed:
    return evaluate(MIX, SQUARINGS)


def squared(form: tuple[int, int, int], discriminant: int) -> tuple[int, int, int]:
    """A form composed with itself and reduced: Cohen, "A Course in Computational Algebraic Number
    Theory", 5.4.2 and 5.4.7, in plain integers."""
    a, b, c = form

    def extended(u: int, v: int) -> tuple[int, int, int]:
        if v == 0:
            return u, 1, 0
        g, s, t = extended(v, u % v)
        return g, t, s - u // v * t

    g, y, _ = extended(b, a)
    if g < 0:
        g, y = -g, -y
    v1 = a // g
    r = -y * c % v1
    a3, b3 = v1 * v1, b + 2 * v1 * r
    c3 = (b3 * b3 - discriminant) // (4 * a3)
    while True:
        quotient, rest = divmod(b3 + a3, 2 * a3)
        b3 = rest - a3
        if b3 == -a3:
            b3, quotient = a3, quotient - 1
        c3 = (b3 * b3 - discriminant) // (4 * a3)
        if a3 <= c3:
            break
        a3, b3, c3 = c3, -b3, a3
    return (a3, -b3 if a3 == c3 and b3 < 0 else b3, c3)


def test_the_output_is_that_of_plain_integers(delayed: Delayed) -> None:
    discriminant = int(chiavdf.create_discriminant(MIX, DISCRIMINANT_BITS), 0)
    assert discriminant < 0 and discriminant % 8 == 1
    form = (2, 1, (1 - discriminant) // 8)
    for _ in range(SQUARINGS):
        form = squared(form, discriminant)
    a, b = chiavdf.bqfc_deserialize(str(discriminant), delayed.proof[:FORM_BYTES])
    # A byte for the sign, then the magnitude.
    found = [(-1) ** each[0] * int.from_bytes(each[1:]) for each in (a, b)]
    assert tuple(found) == form[:2]
    assert delayed.output == sha256(
        DOMAIN + MIX + SQUARINGS.to_bytes(8, "big") + delayed.proof[:FORM_BYTES]).digest()


def test_a_proof_holds_and_the_output_is_the_same_each_time(delayed: Delayed) -> None:
    assert holds(delayed) and len(delayed.proof) == PROOF_BYTES
    assert evaluate(MIX, SQUARINGS) == delayed
    assert evaluate(MIX, SQUARINGS + 1).output != delayed.output


def test_wrong_proofs_are_refused(delayed: Delayed) -> None:
    for byte in range(0, PROOF_BYTES, 19):
        wrong = bytearray(delayed.proof)
        wrong[byte] ^= 1
        assert not holds(replace(delayed, proof=bytes(wrong))), byte
    form, witness = delayed.proof[:FORM_BYTES], delayed.proof[FORM_BYTES:]
    other = evaluate(sha256(MIX).digest(), SQUARINGS)
    for proof in (b"", delayed.proof[:-1], delayed.proof + b"\0", bytes(PROOF_BYTES),
                  b"\xff" * PROOF_BYTES, witness + form, form + form, other.proof,
                  evaluate(MIX, SQUARINGS - 1).proof):
        assert not holds(replace(delayed, proof=proof))
    assert not holds(replace(delayed, mix=other.mix))
    assert not holds(replace(delayed, squarings=SQUARINGS - 1))


def test_what_a_chain_fixes_is_checked(delayed: Delayed) -> None:
    with pytest.raises(ValueError, match="a mix has 32 bytes, not 31"):
        evaluate(MIX[:-1], SQUARINGS)
    for squarings in (0, -1, 1 << 41):
        with pytest.raises(ValueError, match="squarings are 1 to"):
            holds(replace(delayed, squarings=squarings))


def test_without_the_library_it_says_how_to_get_it(
        delayed: Delayed, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "chiavdf":
            raise ModuleNotFoundError(name=name)
        return found(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ProofmillError, match=r"needs chiavdf: pip install -e '.\[delay\]'"):
        delay_function.holds(delayed)


def test_the_bench(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["bench", "delay", "--squarings", "200", "--rounds", "2"]
    assert main(line) == 0
    said = capsys.readouterr().out
    assert said.startswith("200 squarings, 1,024 bits: ") and "check of its 200 bytes" in said
    assert main([*line, "--json"]) == 0
    assert '"epoch_squarings": {"minimal": ' in capsys.readouterr().out

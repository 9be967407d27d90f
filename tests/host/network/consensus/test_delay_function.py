"""The delay function: one output of a mix, proofs that anybody checks, wrong ones refused."""

import sys
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from math import gcd, isqrt
from pathlib import Path

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

pytest.importorskip("chiavdf")
MIX = sha256(b"a mix").digest()
SQUARINGS = 300


@pytest.fixture(scope="module")
def delayed() -> Delayed:
    return evaluate(MIX, SQUARINGS)


Form = tuple[int, int, int]


def extended(u: int, v: int) -> tuple[int, int, int]:
    """g, s, t with g = s u + t v."""
    if v == 0:
        return u, 1, 0
    g, s, t = extended(v, u % v)
    return g, t, s - u // v * t


def product(left: Form, right: Form, discriminant: int) -> Form:
    """Two forms composed and reduced: Cohen, "A Course in Computational Algebraic Number Theory",
    5.4.2 and 5.4.7, in plain integers."""
    (a1, b1, _), (a2, b2, c2) = sorted((left, right))
    half = (b1 + b2) // 2
    d, y1 = (a1, 0) if a2 % a1 == 0 else extended(a2, a1)[:2]
    d1, x2, y2 = (d, 0, -1) if half % d == 0 else extended(half, d)
    if half % d:
        y2 = -y2
    v1, v2 = a1 // d1, a2 // d1
    r = (y1 * y2 * (b2 - half) - x2 * c2) % abs(v1)
    return reduced(v1 * v2, b2 + 2 * v2 * r, discriminant)


def reduced(a: int, b: int, discriminant: int) -> Form:
    while True:
        b = (b + a - 1) % (2 * a) - a + 1       # -a < b <= a
        c = (b * b - discriminant) // (4 * a)
        if a < c or a == c and b >= 0:
            return a, b, c
        a, b = c, -b


def power(form: Form, exponent: int, discriminant: int) -> Form:
    found = (1, 1, (1 - discriminant) // 4)
    for bit in f"{exponent:b}":
        found = product(found, found, discriminant)
        if bit == "1":
            found = product(found, form, discriminant)
    return found


def hashed_prime(seed: bytes, bits: int, ones: tuple[int, ...]) -> int:
    """As docs/protocol.md has it."""
    number, size = int.from_bytes(seed, "big"), 8 * len(seed)
    while True:
        blob = b""
        while len(blob) < bits // 8:
            number = (number + 1) % (1 << size)
            blob += sha256(number.to_bytes(size // 8, "big")).digest()
        found = int.from_bytes(blob[:bits // 8], "big")
        for one in ones:
            found |= 1 << one
        if all(pow(base, found - 1, found) == 1 for base in (2, 3, 5, 7)):
            return found


def opened(form: bytes, discriminant: int) -> Form:
    """A form of its 100 bytes, by docs/protocol.md; none of the three that have other bytes."""
    signs, size = form[0], form[1]
    ends = [2, 66 - size, 98 - 2 * size, 99 - size, 100]
    a, t, g, b0 = (int.from_bytes(form[start:stop], "little")
                   for start, stop in pairwise(ends))
    assert signs < 4 and a and t and g
    t = -t if signs & 2 else t
    root = isqrt(t * t * discriminant % a)
    assert root * root == t * t * discriminant % a
    b = root * pow(t, -1, a) % a + a * b0
    b = -b if signs & 1 else b
    a *= g
    assert (b * b - discriminant) % (4 * a) == 0 and abs(b) <= a
    return a, b, (b * b - discriminant) // (4 * a)


def closed(form: Form) -> bytes:
    """The 100 bytes of a form: what `opened` takes apart."""
    a, b, _ = form
    before, last, cofactor_before, t = a, abs(b), 0, 1
    while last > isqrt(a):
        quotient = before // last
        before, last = last, before - quotient * last
        cofactor_before, t = t, cofactor_before - quotient * t
    g = gcd(a, t)
    size = (g.bit_length() + 7) // 8 - 1
    b0 = abs(b) // (a // g) if g > 1 else 0
    return bytes([(b < 0) + 2 * (t < 0), size]) + b"".join(
        part.to_bytes(length - size if length > 1 else size + 1, "little")
        for part, length in ((a // g, 64), (abs(t) // g, 32), (g, 1), (b0, 1)))


def test_output_and_check_are_those_of_plain_integers(delayed: Delayed) -> None:
    """Nothing of the library: what docs/protocol.md says is enough for both."""
    discriminant = -hashed_prime(MIX, DISCRIMINANT_BITS, (0, 1, 2, DISCRIMINANT_BITS - 1))
    start = (2, 1, (1 - discriminant) // 8)
    form = start
    for _ in range(SQUARINGS):
        form = product(form, form, discriminant)
    bytes_of_y, bytes_of_pi = delayed.proof[:FORM_BYTES], delayed.proof[FORM_BYTES:]
    assert opened(bytes_of_y, discriminant) == form
    assert [closed(opened(each, discriminant)) for each in (bytes_of_y, bytes_of_pi)] == [
        bytes_of_y, bytes_of_pi]
    assert delayed.output == sha256(
        DOMAIN + MIX + SQUARINGS.to_bytes(8, "big") + bytes_of_y).digest()
    prime = hashed_prime(b"\x08".ljust(FORM_BYTES, b"\0") + bytes_of_y, 264, (0, 263))
    assert product(power(opened(bytes_of_pi, discriminant), prime, discriminant),
                   power(start, pow(2, SQUARINGS, prime), discriminant), discriminant) == form


def test_the_protocols_page_has_the_output_of_a_mix() -> None:
    page = (Path(__file__).parents[4] / "docs" / "protocol.md").read_text("utf-8")
    assert (f"and T = {SQUARINGS} the output is "
            f"`{evaluate(bytes(range(32)), SQUARINGS).output.hex()}`") in page


def test_a_form_has_one_encoding(delayed: Delayed) -> None:
    for place in (0, 1, 98, 99):
        for bit in range(0, 8, 2):
            other = bytearray(delayed.proof)
            other[place] ^= 1 << bit
            assert not holds(replace(delayed, proof=bytes(other))), (place, bit)


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
    monkeypatch.setitem(sys.modules, "chiavdf", None)
    with pytest.raises(ProofmillError, match=r"needs chiavdf: pip install -e '.\[delay\]'"):
        delay_function.holds(delayed)


def test_the_bench(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["bench", "delay", "--squarings", "200", "--rounds", "2"]
    assert main(line) == 0
    said = capsys.readouterr().out
    assert said.startswith("200 squarings, 1,024 bits: ") and "check of its 200 bytes" in said
    assert main([*line, "--json"]) == 0
    assert '"epoch_squarings": {"minimal": ' in capsys.readouterr().out

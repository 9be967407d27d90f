"""The scalar class on another processor: aarch64 under an emulator, where there is one."""

import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import multiply_generator
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS, to_limbs
from proofmill.host.prover.native.build import CHECKED, FLAGS, SOURCES
from proofmill.host.prover.native.faults import INVALID_PROOF
from proofmill.host.prover.native.library import G1, G2
from proofmill.host.prover.native.prove import prove
from proofmill.host.prover.native.sums import multiples, weighted_sum
from tests.host.prover.groth16.files import VECTORS
from tests.host.prover.native.classes import plain
from tests.host.prover.native.test_prove import BLINDING
from tests.host.prover.native.test_sums import KINDS, logarithms

ARITHMETIC, SUM, MULTIPLES, QUOTIENT, PAIRING, PROVE = range(6)
EMULATOR = next(filter(None, map(shutil.which, ("qemu-aarch64", "qemu-aarch64-static"))), None)
MODULI = (BASE_MODULUS, SCALAR_MODULUS)

pytestmark = [pytest.mark.slow,  # compiles for half a minute
              pytest.mark.skipif(EMULATOR is None, reason="needs qemu-aarch64 (Debian: qemu-user)")]


class Machine:
    """The program in the emulator, asked one case after the other."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def __call__(self, what: int, group: int, operation: int, count: int, data: bytes
                 ) -> tuple[int, bytes]:
        """The fault's code and the result."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(struct.pack("<6Q", what, group, operation, count, len(data), 0))
        self._process.stdin.write(data)
        self._process.stdin.flush()
        fault, size = struct.unpack("<2Q", self._process.stdout.read(16))
        return fault, self._process.stdout.read(size)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    program = tmp_path_factory.mktemp("machine") / "machine"
    flags = [flag for flag in FLAGS if flag != "-fPIC"]
    # With the checks of every bound, and static, so that no library of that processor is needed.
    subprocess.run([sys.executable, "-m", "ziglang", "c++", "-target", "aarch64-linux-musl",
                    "-static", "-nostdlib++", *flags, *CHECKED[:1], f"-I{SOURCES}",
                    str(Path(__file__).with_name("machine.cpp")), str(SOURCES / "class_scalar.cpp"),
                    "-o", str(program)], check=True)
    with subprocess.Popen([EMULATOR or "", str(program)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        yield Machine(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


def words(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(32, "little") for value in values)


@pytest.mark.parametrize("field", [0, 1])
def test_arithmetic(machine: Machine, field: int) -> None:
    p, draw = MODULI[field], random.Random(field)
    edges = [0, 1, 2, p - 1, p - 2, p // 2, 1 << 253, (1 << 64) - 1, (1 << 128) - 1]
    edges += [draw.randrange(p) for _ in range(7)]
    pairs = [(x, y) for x in edges for y in edges]
    a, b = ([pair[side] for pair in pairs] for side in (0, 1))
    radix = pow(2, -256, p)
    wanted = {0: lambda x, y: x * y * radix, 1: lambda x, y: x + y, 2: lambda x, y: x - y,
              3: lambda x, y: -x, 7: lambda x, y: pow(x, -1, p) * pow(2, 512, p) if x else 0}
    for operation, want in wanted.items():
        fault, found = machine(ARITHMETIC, field, operation, len(pairs), words(a) + words(b))
        assert not fault
        assert found == words([want(x, y) % p for x, y in pairs]), operation


@pytest.mark.parametrize(("group", "number"), [(Group.G1, G1), (Group.G2, G2)])
@pytest.mark.parametrize("kind", KINDS)
def test_sums(machine: Machine, group: Group, number: int, kind: str) -> None:
    draw = random.Random(kind)
    for count in (1, 9, 600):
        scalars = to_limbs(KINDS[kind](draw, count)).tobytes()
        bases = multiply_generator(group, to_limbs(logarithms(draw, count))).tobytes()
        want = weighted_sum(number, bases, scalars, code=plain("scalar"))
        assert machine(SUM, number, 0, count, bases + scalars) == (0, want)


@pytest.mark.parametrize(("group", "number"), [(Group.G1, G1), (Group.G2, G2)])
def test_multiples(machine: Machine, group: Group, number: int) -> None:
    scalars = words([0, 1, 2, SCALAR_MODULUS - 1, SCALAR_MODULUS, (1 << 256) - 1, 1 << 200])
    base = multiply_generator(group, to_limbs([11])).tobytes()
    want = bytes(multiples(number, base, scalars, code=plain("scalar")))
    assert machine(MULTIPLES, number, 0, 7, base + scalars) == (0, want)


@pytest.mark.parametrize("power", [1, 5, 9])
def test_quotients(machine: Machine, power: int) -> None:
    import ctypes

    from proofmill.host.prover.native.library import Control, Fault
    draw = random.Random(power)
    a, b = (words([draw.randrange(SCALAR_MODULUS) for _ in range(1 << power)]) for _ in range(2))
    code, control = plain("scalar"), Control(threads=1)
    here = [ctypes.create_string_buffer(each, len(each)) for each in (a, b)]
    assert not code.quotient(code.vector, *here, power, control, Fault())
    assert machine(QUOTIENT, 0, power, 1 << power, a + b) == (0, here[0].raw)


def test_pairings(machine: Machine) -> None:
    g1 = multiply_generator(Group.G1, to_limbs([6, SCALAR_MODULUS - 2])).tobytes()
    g2 = multiply_generator(Group.G2, to_limbs([5, 15])).tobytes()
    assert machine(PAIRING, 0, 0, 2, g1 + g2) == (0, (1).to_bytes(8, "little"))
    assert machine(PAIRING, 0, 0, 2, g1[64:] + g1[64:] + g2) == (0, bytes(8))


def test_a_proof(machine: Machine) -> None:
    folder = VECTORS / "chain4"
    key, witness = ((folder / name).read_bytes() for name in ("circuit.zkey", "witness.wtns"))
    proof = prove(folder / "circuit.zkey", folder / "witness.wtns", blinding=BLINDING)
    want = words([*proof.a, *proof.b[0], *proof.b[1], *proof.c])
    assert machine(PROVE, 0, 0, len(key), words(list(BLINDING)) + key + witness) == (0, want)
    wrong = witness[:-1] + bytes([witness[-1] ^ 1])
    fault, _ = machine(PROVE, 0, 0, len(key), words(list(BLINDING)) + key + wrong)
    assert fault == INVALID_PROOF

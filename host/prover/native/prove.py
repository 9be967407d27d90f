"""A whole Groth16 proof as one call: a .zkey and a .wtns in, a verified proof out."""

import ctypes
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.native.calls import finish
from proofmill.host.prover.native.faults import InvalidProof, to_error
from proofmill.host.prover.native.library import (
    Control,
    Fault,
    File,
    Library,
    Progress,
    Sizes,
    library,
)

NUMBER_BYTES = 32
SCALAR_MODULUS = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
"""r; `host.prover.curve.limbs` has it too, and takes NumPy's start-up time to say so."""

Pair = tuple[int, int]


class Proof(NamedTuple):
    """A proof in plain coordinates: A and C in G1, B in G2 with real parts first.

    (0, 0) is infinity.
    `public`: the public signals, outputs first.
    """

    a: Pair
    b: tuple[Pair, Pair]
    c: Pair
    public: list[int]


def prove(zkey: str | os.PathLike[str], wtns: str | os.PathLike[str], threads: int | None = None,
          progress: Progress | None = None, blinding: Pair | None = None,
          code: Library | None = None) -> Proof:
    """Prove, and verify the proof before it is returned.

    `threads`: all cores if None. `progress` is told units of work now and then. `blinding` are the
    proof's two random numbers, for tests alone. Raises `ProofmillError` where a file is wrong, and
    its subclass `host.prover.native.faults.InvalidProof` where the proof does not verify.

    Files are read in pieces, a section at a time: memory holds the points of one section, and a
    file that shrinks meanwhile is an error.
    """
    with ExitStack() as files:
        key = files.enter_context(opened(zkey, 0))
        witness = files.enter_context(opened(wtns, 1))
        return prove_files(key, witness, (os.fspath(zkey), os.fspath(wtns)), threads, progress,
                           blinding, code)


def prove_again(zkey: str | os.PathLike[str], wtns: str | os.PathLike[str],
                threads: int | None, progress: Progress | None, code: Library,
                first: Callable[[], Proof] | None = None) -> tuple[Proof, str]:
    """`prove` (or `first`); where the proof does not verify, once more with the scalar class.

    With the proof comes what is to be told: nothing, or that vector instructions computed wrongly.
    If the second proof is wrong as well, so is the witness or the key: `InvalidProof`.
    """
    try:
        return first() if first else prove(zkey, wtns, threads, progress, code=code), ""
    except InvalidProof:
        if not code.vector:
            raise
        proof = prove(zkey, wtns, threads, progress, code=code.scalar())
        return proof, (f"{os.fspath(wtns)}: a proof by this processor's vector instructions did "
                       "not verify and was made again without them; have the machine's memory "
                       "and processor tested, or set PROOFMILL_VECTOR=scalar")


def prove_files(key: File, witness: File, names: tuple[str, str], threads: int | None = None,
                progress: Progress | None = None, blinding: Pair | None = None,
                code: Library | None = None) -> Proof:
    """`prove` with files that are open; messages call them `names`."""
    code = code or library()
    fault, sizes = Fault(), Sizes()
    if code.inspect(key, witness, sizes, fault):
        raise to_error(fault, names)
    return _proof(
        lambda *rest: code.prove(code.vector, key, witness, *rest),
        sizes.outputs, names, threads, progress, blinding)


class HeldKey:
    """A key in memory for many proofs, checked, its points as the vector class takes them.

    `size`: the bytes it takes, 320 a wire and 128 a value of the domain and 44 a coefficient. Where
    `most_bytes` allows for more, 2^(stride j) P lie beside every point P for j up to 15 or so: then
    a sum has 17 instead of 22 additions a point (of 2^16), and making them takes 254 doublings a
    point. May be used from several threads at once. Raises `ProofmillError` where the key is wrong.
    """

    def __init__(self, zkey: str | os.PathLike[str], threads: int | None = None,
                 progress: Progress | None = None, code: Library | None = None,
                 most_bytes: int = 0) -> None:
        self._code = code or library()
        self._name, self._held = os.fspath(zkey), None
        sizes, size = Sizes(), ctypes.c_uint64()

        def hold(control: Control, fault: Fault) -> int:
            if not self._code.inspect(key, None, sizes, fault):
                self._held = self._code.hold(self._code.vector, key, most_bytes, control,
                                             size, fault)
            return int(fault.code)

        with opened(zkey, 0) as key:
            finish(hold, threads, progress, (self._name, ""))
        self.size, self._outputs = int(size.value), int(sizes.outputs)

    def prove(self, wtns: str | os.PathLike[str], threads: int | None = None,
              progress: Progress | None = None, blinding: Pair | None = None) -> Proof:
        """`prove` with this key."""
        if self._held is None:
            raise ValueError("the key has been let go")
        with opened(wtns, 1) as witness:
            return _proof(
                lambda *rest: self._code.prove_held(self._held, witness, *rest),
                self._outputs, (self._name, os.fspath(wtns)), threads, progress, blinding)

    def close(self) -> None:
        """Let it go."""
        held, self._held = self._held, None
        if held is not None:
            self._code.let_go(held)

    def __enter__(self) -> "HeldKey":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _proof(call: Callable[..., int], outputs: int, names: tuple[str, str], threads: int | None,
           progress: Progress | None, blinding: Pair | None) -> Proof:
    """The proof that `call` makes, given the two random numbers, where everything goes, and how
    many public signals there is room for."""
    numbers = blinding or (_random_scalar(), _random_scalar())
    proof = ctypes.create_string_buffer(8 * NUMBER_BYTES)
    signals = ctypes.create_string_buffer(max(1, outputs * NUMBER_BYTES))
    finish(lambda control, fault: call(
        _words(numbers), control, proof, signals, outputs, fault), threads, progress, names)
    v = list(_numbers(proof.raw, 8))
    return Proof(a=(v[0], v[1]), b=((v[2], v[3]), (v[4], v[5])), c=(v[6], v[7]),
                 public=list(_numbers(signals.raw, outputs)))


def is_valid(key: Sequence[int], public: Sequence[int], proof: Proof,
             code: Library | None = None) -> bool:
    """Whether ``e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)``, by the library's own pairing.

    `key`: plain coordinates of alpha (2), beta, gamma, delta (4 each), then of a public point for
    the constant and for each of `public`. Raises `ProofmillError` where a signal is not below r.
    """
    if len(key) != 2 * (7 + len(public) + 1):
        raise ValueError(f"{len(public)} public signals do not fit {len(key)} coordinates")
    for index, value in enumerate(public):
        if not 0 <= value < SCALAR_MODULUS:
            raise ProofmillError(f"public signal [{index}] should be from 0 to below "
                                 f"{SCALAR_MODULUS}, not {value}; use the public.json that was "
                                 "written with the proof")
    code = code or library()
    fault = Fault()
    coordinates = (*proof.a, *proof.b[0], *proof.b[1], *proof.c)
    valid = code.verify(code.vector, _words(key), _words(public), len(public), _words(coordinates),
                        fault)
    if fault.code:
        raise to_error(fault)
    return bool(valid)


def proof_json(proof: Proof) -> str:
    """The content of snarkjs' ``proof.json``, byte for byte as it writes it."""
    def point(x: int, y: int) -> list[object]:
        return [str(x), str(y), "1"] if x or y else ["0", "1", "0"]

    b = [[str(part) for part in coordinate] for coordinate in proof.b] + [["1", "0"]]
    if not any(part for coordinate in proof.b for part in coordinate):
        b = [["0", "0"], ["1", "0"], ["0", "0"]]
    return _json({"pi_a": point(*proof.a), "pi_b": b, "pi_c": point(*proof.c),
                  "protocol": "groth16", "curve": "bn128"})


def public_json(public: Sequence[int]) -> str:
    """The content of snarkjs' ``public.json``, which breaks the line without signals too."""
    return _json([str(value) for value in public]) if public else "[\n]"


@contextmanager
def opened(path: str | os.PathLike[str], which: int) -> Iterator[File]:
    """A file for the library; what is not an ordinary one (a pipe) is read into memory."""
    name = os.fspath(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise _unreadable(name, error) from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            yield File(None, status.st_size, descriptor, which)
        else:
            yield in_memory(_whole(descriptor, name), which)
    finally:
        os.close(descriptor)


def in_memory(data: bytes, which: int) -> File:
    """A file's content for the library, 0 a key and 1 a witness; `data` must live as long."""
    return File(data, len(data), -1, which)


def _whole(descriptor: int, name: str) -> bytes:
    pieces = []
    try:
        while piece := os.read(descriptor, 1 << 20):
            pieces.append(piece)
    except OSError as error:
        raise _unreadable(name, error) from error
    return b"".join(pieces)


def _unreadable(name: str, error: OSError) -> ProofmillError:
    return ProofmillError(f"{name}: cannot be read: {error.strerror or error}; "
                          "give the path of a file that is there")


def _random_scalar() -> int:
    # 384 bits, so that the remainder is as good as uniform.
    return int.from_bytes(os.urandom(48), "little") % SCALAR_MODULUS


def _numbers(data: bytes, count: int) -> Iterator[int]:
    for start in range(0, count * NUMBER_BYTES, NUMBER_BYTES):
        yield int.from_bytes(data[start:start + NUMBER_BYTES], "little")


def _words(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(NUMBER_BYTES, "little") for value in values)


def _json(value: object, level: int = 0) -> str:
    """JSON of objects, lists and texts, one space a level."""
    inner, outer = "\n" + " " * (level + 1), "\n" + " " * level
    if isinstance(value, dict):
        items = [f'"{key}": {_json(item, level + 1)}' for key, item in value.items()]
        return "{" + inner + f",{inner}".join(items) + outer + "}"
    if isinstance(value, list):
        if not value:
            return "[]"
        items = [_json(item, level + 1) for item in value]
        return "[" + inner + f",{inner}".join(items) + outer + "]"
    return f'"{value}"'

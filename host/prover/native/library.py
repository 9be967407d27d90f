"""The native library in this process: loaded, its vector class chosen, its calls watched."""

import ctypes
import os
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from typing import Any

from proofmill.host.ground.cores import cores
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import tell
from proofmill.host.prover.native.build import BuildProgress, NoLibrary, build, find

Progress = Callable[[int, int], None]
"""Called now and then with (work done, work in all)."""

VECTORS = ("scalar", "avx2", "ifma")
"""The vector classes: one element at a time, four on AVX2, eight on AVX-512 IFMA."""

POLL_SECONDS = 0.1
"""How often progress is told."""

G1, G2 = 0, 1
"""How the library calls the groups."""


class Control(ctypes.Structure):
    """What is shared with work that runs; see `source/control.h`."""

    _fields_ = [("cancelled", ctypes.c_int32), ("threads", ctypes.c_int32),
                ("done", ctypes.c_uint64), ("total", ctypes.c_uint64)]


class Fault(ctypes.Structure):
    """What went wrong; see `source/control.h`."""

    _fields_ = [("code", ctypes.c_int32), ("file", ctypes.c_int32),
                ("section", ctypes.c_int32), ("detail", ctypes.c_int32),
                ("byte", ctypes.c_uint64), ("index", ctypes.c_uint64),
                ("found", ctypes.c_uint64), ("limit", ctypes.c_uint64)]


class File(ctypes.Structure):
    """A file's content in memory, or its descriptor; see `source/files.h`."""

    _fields_ = [("memory", ctypes.c_char_p), ("size", ctypes.c_uint64),
                ("descriptor", ctypes.c_int32), ("which", ctypes.c_int32)]


class Sizes(ctypes.Structure):
    """The counts of a key and a witness; see `source/library.cpp`."""

    _fields_ = [(name, ctypes.c_uint64)
                for name in ("wires", "outputs", "domain", "coefficients", "values")]


_LAYOUT = sum(ctypes.sizeof(each) << 8 * place
              for place, each in enumerate((Control, Fault, File, Sizes)))

_pointer, _int, _count = ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint64
_control, _fault = ctypes.POINTER(Control), ctypes.POINTER(Fault)
_file = ctypes.POINTER(File)
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "can_run": (_int, [_int]),
    "layout": (_count, []),
    "share_heap": (None, []),
    "convert": (_int, [_int, _int, _pointer, _count, _int, _control, _pointer, _fault]),
    "sum": (_int, [_int, _int, _pointer, _int, _pointer, _count, _control, _pointer, _fault]),
    "multiples": (_int, [_int, _int, _pointer, _pointer, _count, _control, _pointer, _fault]),
    "combinations": (_int, [_int, _int, _pointer, _count, _pointer, _pointer, _pointer, _count,
                           _control, _pointer, _fault]),
    "first_off_curve": (ctypes.c_int64, [_int, _pointer, _count, _int]),
    "uncompressed": (None, [_int, _pointer, _count, _int, _pointer]),
    "copies": (_int, [_int, _int, _pointer, _count, _int, _int, _control, _pointer, _fault]),
    "quotient": (_int, [_int, _pointer, _pointer, _int, _control, _fault]),
    "tables": (_pointer, [_int, _int, _int]),
    "let_go_tables": (None, [_int, _int, _pointer]),
    "transform": (_int, [_int, _pointer, _int, _pointer, _int, _pointer, _int, _fault]),
    "value_at": (None, [_pointer, _count, _pointer, _pointer]),
    "divide": (None, [_pointer, _count, _pointer]),
    "arithmetic": (None, [_int, _int, _int, _pointer, _pointer, _pointer, _count]),
    "pairing": (_int, [_pointer, _pointer, _int]),
    "in_group": (_int, [_int, _pointer]),
    "inspect": (_int, [_file, _file, ctypes.POINTER(Sizes), _fault]),
    "prove": (_int, [_int, _file, _file, _pointer, _control, _pointer, _pointer, _count, _fault]),
    "hold": (_pointer, [_int, _file, _count, _control, ctypes.POINTER(_count), _fault]),
    "let_go": (None, [_pointer]),
    "prove_held": (_int, [_pointer, _file, _pointer, _control, _pointer, _pointer, _count, _fault]),
    "verify": (_int, [_int, _pointer, _pointer, _count, _pointer, _fault]),
    "bls12_381_decompress": (ctypes.c_int64, [_pointer, _count, _int, _int, _pointer]),
    "bls12_381_compress": (None, [_pointer, _count, _pointer]),
    "bls12_381_sum": (_int, [_pointer, _pointer, _count, _control, _pointer, _fault]),
    "bls12_381_combinations": (_int, [_pointer, _count, _pointer, _pointer, _pointer, _count,
                                     _control, _pointer, _fault]),
    "bls12_381_transform_points": (_int, [_pointer, _count, _int, _pointer, _control, _fault]),
    "bls12_381_transform": (_int, [_pointer, _count, _int, _pointer, _pointer, _int, _fault]),
    "bls12_381_quotient": (_int, [_pointer, _pointer, _count, _pointer, _pointer, _pointer,
                                 _fault]),
}


class Library:
    """The C functions, as attributes, and the vector class that calls use.

    `vector`: one of `VECTORS`; None takes ``PROOFMILL_VECTOR``, else the best this processor runs.
    Raises `ProofmillError` where the processor lacks it.
    """

    def __init__(self, path: str | os.PathLike[str], vector: str | None = None) -> None:
        try:
            code = ctypes.CDLL(os.fspath(path))
        except OSError as error:
            raise NoLibrary(f"the native library cannot be loaded: {error}; remove the file "
                            "to have it compiled again") from error
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(code, f"proofmill_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        if self.layout() != _LAYOUT:
            raise ProofmillError(f"{os.fspath(path)}: the native library is of another version; "
                                 "remove the file to have it compiled again")
        self.path = path
        self.vectors = [name for number, name in enumerate(VECTORS) if self.can_run(number)]
        self.vector = VECTORS.index(self._chosen(vector or os.environ.get("PROOFMILL_VECTOR")))

    def scalar(self) -> "Library":
        """The same in the class that every processor runs, to compute again what was wrong."""
        return Library(self.path, VECTORS[0])

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def _chosen(self, wanted: str | None) -> str:
        if wanted is None:
            return self.vectors[-1]
        if wanted not in VECTORS:
            raise ProofmillError(f"there is no vector class {wanted!r}, only {', '.join(VECTORS)}; "
                                 "set PROOFMILL_VECTOR to one of these, or unset it")
        if wanted not in self.vectors:
            raise ProofmillError(f"this processor has no instructions for the vector class "
                                 f"{wanted!r}, only for {', '.join(self.vectors)}; set "
                                 "PROOFMILL_VECTOR to one of these, or unset it")
        return wanted


_library: Library | None = None
_missing: NoLibrary | None = None
_lock = allocate_lock()


def library(progress: BuildProgress | None = None) -> Library:
    """The library of this process, compiled if need be. Raises `NoLibrary`.

    `progress`: see `host.prover.native.build.build`.
    """
    global _library, _missing
    if _library is None:
        with _lock:
            if _missing is not None:
                raise _missing
            if _library is None:
                try:
                    _library = Library(build(progress=progress))
                except NoLibrary as error:
                    _missing = error
                    raise
    return _library


def library_or_none(progress: BuildProgress | None = None) -> Library | None:
    """`library`; where it is not to be had, None, and a line on stderr that says why, once."""
    first = _missing is None
    try:
        return library(progress)
    except NoLibrary as error:
        if first:
            tell(f"there is no native library: {error}; mcl computes instead, slower")
        return None


def library_if_there() -> Library | None:
    """`library` where nothing has to be compiled first, else None."""
    global _library
    try:
        if _library is None and _missing is None and (path := find()) is not None:
            with _lock:
                _library = _library or Library(path)
        return _library
    except (NoLibrary, OSError):
        return None


def new_control(threads: int | None) -> Control:
    """A `Control` for `threads` threads, all cores if None."""
    if threads is not None and threads < 1:
        raise ProofmillError(f"{threads} threads cannot do anything; give 1 or more")
    return Control(threads=threads or cores())


def watched(call: Callable[[], int], control: Control, progress: Progress | None = None) -> int:
    """Run `call` on a thread of its own, tell `progress`, and return the call's answer.

    An exception here, such as an interrupt from the keyboard, ends the work at its next block and
    is raised once it has ended.
    """
    answers: list[int] = []
    ended: list[bool] = []
    running = allocate_lock()
    running.acquire()

    def work() -> None:
        try:
            answers.append(call())
        finally:
            ended.append(True)
            running.release()

    start_new_thread(work, ())
    try:
        while not running.acquire(timeout=POLL_SECONDS):
            if progress is not None:
                progress(control.done, control.total)
    except BaseException:
        control.cancelled = 1
        if not ended:  # else the lock may have been taken above, just before the interrupt
            running.acquire()
        raise
    if not answers:
        raise AssertionError("the native library did not answer")
    return answers[0]

"""The C library mcl, found in the wheel ``mclbn256`` and set to BN254 (alt_bn128).

The wheel's own Python classes compute on another curve; only its shared library is used. A point
is 3 coordinates in Jacobian form, x = X/Z^2 and y = Y/Z^3, each coordinate 4 limbs times 2^256
modulo p (G2: 8 limbs, real part first); Z = 0 is infinity. A scalar is 4 limbs times 2^256
modulo r.

After initialisation mcl keeps no state between calls, and `ctypes` releases the interpreter's lock
during a call: calls may be made from any number of threads.
"""

import ctypes
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS

log = logging.getLogger(__name__)

MCL_BN_SNARK1 = 4
"""mcl's number for alt_bn128."""

MCL_LIMB_CHECK = 4 + 10 * 4
"""How mcl checks that caller and library agree on the size of a number: 4 limbs in each field."""

TARGET_LIMBS = 48
"""Limbs of an element of the pairing's target group, Fp12."""

Address = int
"""Where an array begins: ``array.ctypes.data``."""
Function = Callable[..., int]
"""One of the library's; its result says something where it has one."""
Result = type[ctypes.c_int] | None
"""What a function of the library returns."""


@dataclass(frozen=True)
class GroupFunctions:
    """mcl's functions for one group; every argument is an address, results come first."""

    point_limbs: int
    add: Function
    double: Function
    negate: Function
    multiply: Function
    normalize: Function
    multiply_vector: Function
    is_on_curve: Function
    is_in_subgroup: Function


@dataclass(frozen=True)
class Mcl:
    """The library, ready for use."""

    g1: GroupFunctions
    g2: GroupFunctions
    miller_loop_vector: Function
    final_exponentiation: Function
    target_is_one: Function
    target_multiply: Function
    target_divide: Function
    target_power: Function
    target_powers: Function

    def group(self, group: Group) -> GroupFunctions:
        """The functions for `group`."""
        return self.g1 if group is Group.G1 else self.g2


_lock = threading.Lock()
_library: Mcl | None = None


def library() -> Mcl:
    """mcl, opened and set to BN254 at the first call.

    Raises `ProofmillError` where the wheel is missing or its library does not load.
    """
    global _library
    if _library is None:
        with _lock:
            if _library is None:
                _library = _open()
    return _library


def _open() -> Mcl:
    try:
        # The import writes the shared library to a temporary folder and opens it there.
        from mclbn256 import mclbn256 as wheel
        binary = wheel.lib
        status = binary.mclBn_init(MCL_BN_SNARK1, MCL_LIMB_CHECK)
    except (ImportError, OSError, AttributeError, AssertionError) as error:
        raise ProofmillError(
            f"the curve arithmetic (mcl, in the Python package mclbn256) cannot be loaded: {error}"
            "; run `pip install mclbn256==1.3.5`, which has wheels for Linux x86-64 and macOS"
        ) from error
    if status != 0:
        raise ProofmillError(
            f"mcl refuses the curve alt_bn128 (mclBn_init answered {status}); "
            "run `pip install --force-reinstall mclbn256==1.3.5`")
    _check_orders(binary)
    log.debug("mcl is loaded from %s", getattr(binary, "_name", "the wheel"))
    # `isValid` of G2 then means "on the curve" alone; the order is asked for separately, where it
    # counts. In G1 it multiplies by r all the same, see `host.prover.curve.validity`.
    binary.mclBn_verifyOrderG2(0)
    return Mcl(
        g1=_group_functions(binary, "G1", 12),
        g2=_group_functions(binary, "G2", 24),
        miller_loop_vector=_function(binary, "mclBn_millerLoopVec", 3, count=True),
        final_exponentiation=_function(binary, "mclBn_finalExp", 2),
        target_is_one=_function(binary, "mclBnGT_isOne", 1, result=ctypes.c_int),
        target_multiply=_function(binary, "mclBnGT_mul", 3),
        target_divide=_function(binary, "mclBnGT_div", 3),
        target_power=_function(binary, "mclBnGT_powGeneric", 3),
        target_powers=_function(binary, "mclBnGT_powVec", 3, count=True),
    )


def _check_orders(binary: ctypes.CDLL) -> None:
    """Refuse a library that is set to another curve than asked for."""
    for name, modulus in (("mclBn_getFieldOrder", BASE_MODULUS),
                          ("mclBn_getCurveOrder", SCALAR_MODULUS)):
        text = ctypes.create_string_buffer(256)
        getattr(binary, name)(text, ctypes.c_size_t(len(text)))
        if text.value != str(modulus).encode():
            raise ProofmillError(
                f"mcl computes on another curve: {name} is {text.value.decode()}, not {modulus}; "
                "run `pip install --force-reinstall mclbn256==1.3.5`")


def _group_functions(binary: ctypes.CDLL, group: str, point_limbs: int) -> GroupFunctions:
    def function(
        name: str, addresses: int, count: bool = False, result: Result = None
    ) -> Function:
        return _function(binary, f"mclBn{group}_{name}", addresses, count=count, result=result)

    return GroupFunctions(
        point_limbs=point_limbs,
        add=function("add", 3),
        double=function("dbl", 2),
        negate=function("neg", 2),
        multiply=function("mul", 3),
        normalize=function("normalize", 2),
        multiply_vector=function("mulVec", 3, count=True),
        is_on_curve=function("isValid", 1, result=ctypes.c_int),
        is_in_subgroup=function("isValidOrder", 1, result=ctypes.c_int),
    )


def _function(binary: ctypes.CDLL, name: str, addresses: int, *, count: bool = False,
              result: Result = None) -> Function:
    """The C function `name` taking `addresses` pointers and, if `count`, then a length."""
    # A function object of its own, so that other users of the same library keep their types.
    function = binary[name]
    function.argtypes = [ctypes.c_void_p] * addresses + ([ctypes.c_size_t] if count else [])
    function.restype = result
    return function

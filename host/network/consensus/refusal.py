"""Where the fault lies: in what was to be judged, or in who judges.

The specification refuses bad data by raising whatever its checks happen to meet: a failed assert,
an index out of range, an overflow; it says that any unhandled exception makes a state transition
invalid (phase0/beacon-chain.md). So around its calls, and nowhere else, an exception says something
about the data. The engines it calls back are this program's own, and so are their faults.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.spec import spec


class Invalid(Exception):
    """The specification refuses the data."""


class OwnFault(Exception):
    """An engine of this program's failed at its work; nothing is said about the data."""


@contextmanager
def judged_by_specification() -> Iterator[None]:
    """What the specification raises inside of the block comes out as `Invalid`.

    Own trouble (`OwnFault`, `ProofmillError`, memory, files) passes through.
    """
    try:
        yield
    except (OwnFault, ProofmillError, MemoryError, OSError):
        raise
    except Exception as error:
        raise Invalid(f"the specification refuses it ({type(error).__name__})") from error


def decoded(kind: type[spec.Container], data: bytes) -> spec.Container:
    """The `kind` that has these SSZ bytes; `Invalid` where there is none."""
    try:
        with judged_by_specification():
            return kind.decode_bytes(data)
    except Invalid as error:
        cause = error.__cause__
        raise Invalid(f"not the SSZ bytes of {kind.__name__} ({type(cause).__name__})") from cause


@contextmanager
def own_work() -> Iterator[None]:
    """For methods that the specification calls back, as a decorator: what they raise is our fault.

    `ProofmillError`, memory and files tell that by themselves.
    """
    try:
        yield
    except (OwnFault, ProofmillError, MemoryError, OSError):
        raise
    except Exception as error:
        raise OwnFault(f"{type(error).__name__}: {error}") from error

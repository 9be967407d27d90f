"""Which of the specification's forks the chains of this process run.

One for a whole process, since the specification is a module of functions and types: named before
`spec` is imported for the first time.

* ``gloas``: Gloas with EIP-8025, as the specification has it. The default.
* ``heze``: Heze, which adds inclusion lists (EIP-7805), merged with EIP-8025 (`heze`).
"""

import sys

from proofmill.host.ground.errors import ProofmillError

FORKS = ("gloas", "heze")
_chosen = "gloas"


def choose(name: str) -> None:
    """Run this fork. ValueError for one that is none, ProofmillError where another is in use."""
    global _chosen
    if name not in FORKS:
        raise ValueError(f"there is no fork {name!r}; there are {', '.join(FORKS)}")
    if name != _chosen and "proofmill.host.network.consensus.spec" in sys.modules:
        raise ProofmillError(f"the chains of this process run {_chosen} already; begin another "
                             f"process for {name}")
    _chosen = name


def chosen() -> str:
    """The fork of this process."""
    return _chosen

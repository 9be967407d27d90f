"""The one door to Ethereum's executable specification, used unaltered.

Nothing else in the project imports `eth_consensus_specs`. The import takes half a second, so
import the modules of this folder inside the command that needs a chain, never at start-up.

Source: https://github.com/ethereum/consensus-specs, release 1.7.0-alpha.13, feature EIP-8025 on top
of Gloas, minimal preset (8 slots an epoch, 6 s a slot); or Heze with EIP-8025 (`fork`, `heze`).
"""

import sys
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from eth_consensus_specs.utils import bls

from proofmill.host.network.consensus.fork import chosen

if chosen() == "heze":
    from proofmill.host.network.consensus.heze import spec
else:
    from eth_consensus_specs.eip8025 import minimal as spec

__all__ = ["INCLUSION_LISTS", "bls", "engines", "spec"]

INCLUSION_LISTS = chosen() == "heze"
"""Whether the fork has them."""


def _remember_protocols() -> None:
    """What members a protocol has, found once, as Python does from 3.12 on.

    The views of SSZ are protocols, and each `isinstance` of one looked for its members anew: an
    eighth of what a slot takes a node.
    """
    module: Any = typing
    if sys.version_info < (3, 12) and not hasattr(module._get_protocol_attrs, "cache_info"):
        module._get_protocol_attrs = cache(module._get_protocol_attrs)


_remember_protocols()


class Columns(Protocol):
    """Columns of cells, as `data_columns.DataColumns` keeps them."""

    def retrieve(self, beacon_block_root: Any) -> tuple[Any, Any]:
        """The columns of a block, and the commitments to its blobs."""
        ...


@contextmanager
def engines(execution_engine: object, proof_engine: object, lists: object = None,
            columns: Columns | None = None) -> Iterator[None]:
    """Let the specification talk to these engines inside the block.

    `on_execution_payload_envelope` reads its engines from the module's `EXECUTION_ENGINE` and
    `PROOF_ENGINE`, and the inclusion lists from what `cached_or_new_inclusion_list_store` returns:
    the seams it leaves for an implementation. They are put back afterwards, so that several chains
    can live in one process (not in several threads). `lists`: an `InclusionListStore`. `columns`:
    of blobs, which `is_data_available` has from `retrieve_column_sidecars_and_kzg_commitments` and
    verifies by the library `kzg`; by default no block has any.
    """
    before = spec.EXECUTION_ENGINE, spec.PROOF_ENGINE
    library, retrieve = spec.kzg, spec.retrieve_column_sidecars_and_kzg_commitments
    spec.EXECUTION_ENGINE, spec.PROOF_ENGINE = execution_engine, proof_engine
    if lists is not None:
        new_store = spec.cached_or_new_inclusion_list_store
        spec.cached_or_new_inclusion_list_store = lambda: lists
    if columns is not None:
        spec.kzg = columns
        spec.retrieve_column_sidecars_and_kzg_commitments = columns.retrieve
    try:
        yield
    finally:
        spec.EXECUTION_ENGINE, spec.PROOF_ENGINE = before
        spec.kzg, spec.retrieve_column_sidecars_and_kzg_commitments = library, retrieve
        if lists is not None:
            spec.cached_or_new_inclusion_list_store = new_store

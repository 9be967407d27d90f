"""The cells of a block's blobs, as nodes send and check them: PeerDAS's columns (EIP-7594).

A column has the cell of one place of every blob, with its proof. A node here keeps all 128 of them,
so those of a block travel together (`BlockColumns`), and their proofs are verified in one batch; a
payload is looked at when they are there (`is_data_available` of the specification).
"""

from collections.abc import Sequence
from hashlib import sha256

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.kzg.functions import verify_cell_kzg_proof_batch

COLUMNS = int(spec.NUMBER_OF_COLUMNS)


class BlockColumns(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """All columns of one block, ascending."""

    sidecars: spec.List[spec.DataColumnSidecar, COLUMNS]

    @property
    def root(self) -> bytes:
        """The block that the first of them names; `check_columns` sees that all name it."""
        return bytes(self.sidecars[0].beacon_block_root) if len(self.sidecars) else bytes(32)


CellsAndProofs = tuple[Sequence[bytes], Sequence[bytes]]
"""Of one blob: 128 cells of 2,048 bytes and their proofs of 48."""


def columns_of(root: bytes, slot: int, blobs: Sequence[CellsAndProofs]) -> BlockColumns:
    """The columns of the block `root`, from its blobs' cells: `get_data_column_sidecars`."""
    return BlockColumns(sidecars=spec.get_data_column_sidecars(
        spec.Root(root), spec.Slot(slot), blobs))


def check_columns(
    columns: BlockColumns, root: bytes, slot: int, commitments: Sequence[spec.KZGCommitment]
) -> str:
    """What is wrong with the columns of a block whose bid has these commitments, or nothing.

    The structure of each is checked by `verify_data_column_sidecar`, and what
    `verify_data_column_sidecar_kzg_proofs` says of each is said of all of them at once.
    """
    sidecars = columns.sidecars
    if [int(each.index) for each in sidecars] != list(range(COLUMNS)):
        return f"not the {COLUMNS} columns, each once and in their order"
    for each in sidecars:
        if bytes(each.beacon_block_root) != root or int(each.slot) != slot:
            return f"column {each.index} is of another block"
        if not spec.verify_data_column_sidecar(each, commitments):
            return f"column {each.index} has not a cell and a proof of each blob"
    try:
        valid = verify_cell_kzg_proof_batch(
            [bytes(commitment) for _ in sidecars for commitment in commitments],
            [int(each.index) for each in sidecars for _ in commitments],
            [bytes(cell) for each in sidecars for cell in each.column],
            [bytes(proof) for each in sidecars for proof in each.kzg_proofs])
    except ProofmillError as error:
        return str(error)
    return "" if valid else "a proof of a cell does not hold"


class DataColumns:
    """The columns of blocks whose payload has not come, found right by `check_columns`.

    While a handler of the specification runs (`spec.engines`), it stands for what the specification
    leaves to an implementation: `retrieve_column_sidecars_and_kzg_commitments`, and the library
    `kzg`, which need not verify again what was verified in the batch.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[BlockColumns, Sequence[spec.KZGCommitment]]] = {}
        self._verified: dict[bytes, bytes] = {}
        """Of each column that is kept a digest, and its block."""

    def keep(self, columns: BlockColumns, commitments: Sequence[spec.KZGCommitment]) -> None:
        """Have them at hand for the payload of their block: `check_columns` found nothing."""
        self._kept[columns.root] = columns, commitments
        for each in columns.sidecars:
            self._verified[_digest(commitments, each.index, each.column, each.kzg_proofs)] = (
                columns.root)

    def __contains__(self, root: bytes) -> bool:
        return root in self._kept

    def forget(self, root: bytes) -> None:
        """The block's payload has come, or will not any more."""
        if self._kept.pop(root, None) is not None:
            self._verified = {digest: block for digest, block in self._verified.items()
                              if block != root}

    def retrieve(
        self, beacon_block_root: spec.Root
    ) -> tuple[Sequence[spec.DataColumnSidecar], Sequence[spec.KZGCommitment]]:
        """`retrieve_column_sidecars_and_kzg_commitments`: of a block without blobs none."""
        if bytes(beacon_block_root) not in self._kept:
            return [], []
        columns, commitments = self._kept[bytes(beacon_block_root)]
        return columns.sidecars, commitments

    def verify_cell_kzg_proof_batch(
        self, commitments_bytes: Sequence[bytes], cell_indices: Sequence[int],
        cells: Sequence[bytes], proofs_bytes: Sequence[bytes],
    ) -> bool:
        """As `kzg`'s, of a column: at once for one that is kept."""
        return _digest(commitments_bytes, cell_indices[0], cells, proofs_bytes) in self._verified \
            or verify_cell_kzg_proof_batch(
                [bytes(each) for each in commitments_bytes], [int(each) for each in cell_indices],
                [bytes(each) for each in cells], [bytes(each) for each in proofs_bytes])


def _digest(commitments: Sequence[bytes], index: int, cells: Sequence[bytes],
            proofs: Sequence[bytes]) -> bytes:
    """Of a column; its parts have fixed lengths, and their number is the commitments'."""
    return sha256(b"".join([
        len(commitments).to_bytes(8, "little"), *map(bytes, commitments),
        int(index).to_bytes(8, "little"), *map(bytes, cells), *map(bytes, proofs)])).digest()

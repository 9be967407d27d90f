"""The files of ``proofmill kzg``: blobs, and what its commands print with ``--json``."""

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from proofmill.host.ground.errors import ProofmillError, way_out
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.typed import typed
from proofmill.host.prover.kzg.inputs import (
    Elements,
    Point,
    cell_index_of,
    cell_of,
    element_of,
    point_of,
    points_of,
)
from proofmill.host.prover.kzg.parameters import BLOB_BYTES, ELEMENT_BYTES
from proofmill.host.prover.kzg.verify import Opening
from proofmill.host.prover.kzg.verify_cells import Cell

MOST_TEXT = 4 * BLOB_BYTES
"""Bytes of a file that is looked at for a blob's digits."""


class OpeningFile(msgspec.Struct, forbid_unknown_fields=True):
    """What ``kzg prove --json`` prints."""

    commitment: str
    at: str
    value: str
    proof: str
    device: str | None = None
    cycles: int | None = None


class CellEntry(msgspec.Struct, forbid_unknown_fields=True):
    """One of the cells of a `CellsFile`; a proof is not needed to recover the others."""

    index: int
    cell: str
    proof: str | None = None


class CellsFile(msgspec.Struct, forbid_unknown_fields=True):
    """What ``kzg cells`` and ``kzg recover`` write."""

    commitment: str
    cells: list[CellEntry]


def read_blob(path: str) -> bytes:
    """A file's bytes; of hexadecimal digits, with 0x or without, what they stand for."""
    content = _content(path, MOST_TEXT + 1)
    if len(content) > MOST_TEXT:
        raise ProofmillError(f"{path}: more than {MOST_TEXT:,} bytes; give a blob, {BLOB_BYTES:,} "
                             "bytes or twice as many hexadecimal digits")
    found = re.fullmatch(rb"\s*(?:0x)?((?:[0-9a-fA-F]{2})+)\s*", content)
    return content if found is None else bytes.fromhex(found[1].decode())


def read_proven(path: str) -> Opening | list[Cell]:
    """A value and its proof, or cells and theirs, checked. Raises `ProofmillError` with the field's
    name. The file is read once: it may be a pipe."""
    document = _parsed(path, "what `proofmill kzg prove --json` or `kzg cells` made")
    if isinstance(document, dict) and "cells" in document:
        return _proven_cells(typed(document, CellsFile, path), path)
    return _opening(typed(document, OpeningFile, path), path)


def _opening(file: OpeningFile, path: str) -> Opening:
    return Opening(
        point_of(hexadecimal(file.commitment, f"{path}: commitment"), f"{path}: commitment"),
        element_of(hexadecimal(file.at, f"{path}: at"), f"{path}: at"),
        element_of(hexadecimal(file.value, f"{path}: value"), f"{path}: value"),
        point_of(hexadecimal(file.proof, f"{path}: proof"), f"{path}: proof"))


def opening_record(opening: Opening) -> dict[str, str]:
    """The fields of `OpeningFile`."""
    return {"commitment": shown(opening.commitment.compressed),
            "at": shown(opening.at.to_bytes(ELEMENT_BYTES, "big")),
            "value": shown(opening.value.to_bytes(ELEMENT_BYTES, "big")),
            "proof": shown(opening.proof.compressed)}


def read_cells(path: str) -> tuple[Point, list[CellEntry], list[Elements]]:
    """The commitment, and each cell as it stands there and as numbers, both checked."""
    return _cells(typed(_parsed(path, "what `proofmill kzg cells` wrote"), CellsFile, path), path)


def _cells(file: CellsFile, path: str) -> tuple[Point, list[CellEntry], list[Elements]]:
    commitment = point_of(hexadecimal(file.commitment, f"{path}: commitment"),
                          f"{path}: commitment")
    elements = []
    for number, entry in enumerate(file.cells):
        cell_index_of(entry.index, f"{path}: cells[{number}].index")
        name = f"{path}: cells[{number}].cell"
        elements.append(cell_of(hexadecimal(entry.cell, name), name))
    return commitment, file.cells, elements


def _proven_cells(file: CellsFile, path: str) -> list[Cell]:
    commitment, entries, elements = _cells(file, path)
    data = []
    for number, entry in enumerate(entries):
        name = f"{path}: cells[{number}].proof"
        if entry.proof is None:
            raise ProofmillError(f"{name} is missing; give it, or leave the cell out")
        data.append(hexadecimal(entry.proof, name))
    return [Cell(commitment, entry.index, each, proof) for entry, each, proof in zip(
        entries, elements, points_of(data, f"{path}: the proof"), strict=True)]


def cells_text(commitment: Point, cells: Sequence[bytes], proofs: Sequence[bytes]) -> bytes:
    """The text of a `CellsFile` with all cells, one a line."""
    lines = ",\n".join(json.dumps({"index": i, "cell": shown(cell), "proof": shown(proof)})
                       for i, (cell, proof) in enumerate(zip(cells, proofs, strict=True)))
    head = json.dumps(shown(commitment.compressed))
    return f'{{"commitment": {head}, "cells": [\n{lines}\n]}}\n'.encode()


def _parsed(path: str, what: str) -> Any:
    """A JSON file's document; `what` says what it should be."""
    try:
        return parse_json(_content(path, -1).decode())
    except ValueError as error:
        raise ProofmillError(f"{path}: is no JSON: {error}; give {what}") from error


def hexadecimal(text: str, name: str) -> bytes:
    """Bytes from digits after 0x."""
    if not re.fullmatch("0x(?:[0-9a-fA-F]{2})*", text):
        start = text if len(text) <= 20 else f"{text[:20]}..."
        raise ProofmillError(f"{name}: {start!r} is not 0x with two hexadecimal digits a byte; "
                             "copy it again from where it was made")
    return bytes.fromhex(text[2:])


def shown(data: bytes) -> str:
    """Bytes as digits after 0x."""
    return f"0x{data.hex()}"


def _content(path: str, most: int) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise ProofmillError(f"{path}: {error.strerror or error}; {way_out(error)}") from error

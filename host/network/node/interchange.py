"""Interchange files of EIP-3076, format version 5: a signing history on its way between clients."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError, not_written
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.kept import write_whole
from proofmill.host.network.evm.hexadecimal import to_hex
from proofmill.host.network.node.slashing_protection import (
    HIGHEST,
    SignedAttestation,
    SignedBlock,
    SlashingProtection,
)

VERSION = "5"
MAXIMUM_BYTES = 256 * 2**20
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def export_history(protection: SlashingProtection, *, minimal: bool = False) -> JsonObject:
    """The history as an interchange object, every key's entries in order.

    `minimal`: of each key only the highest block, and one attestation of the highest source and
    target epochs, without signing roots: all that a signer needs to refuse what is not new.
    """
    keys: dict[bytes, tuple[list[SignedBlock], list[SignedAttestation]]] = {}
    for block in protection.blocks():
        keys.setdefault(block.public_key, ([], []))[0].append(block)
    for attestation in protection.attestations():
        keys.setdefault(attestation.public_key, ([], []))[1].append(attestation)
    if minimal:
        keys = {key: (_highest_block(key, blocks), _highest_attestation(key, attestations))
                for key, (blocks, attestations) in keys.items()}
    return {
        "metadata": {
            "interchange_format_version": VERSION,
            "genesis_validators_root": to_hex(protection.genesis_validators_root),
        },
        "data": [
            {
                "pubkey": to_hex(key),
                "signed_blocks": [
                    {"slot": str(block.slot), **_root_entry(block.signing_root)}
                    for block in blocks],
                "signed_attestations": [
                    {"source_epoch": str(each.source), "target_epoch": str(each.target),
                     **_root_entry(each.signing_root)}
                    for each in attestations],
            }
            for key, (blocks, attestations) in sorted(keys.items())
        ],
    }


def import_history(protection: SlashingProtection, history: object, name: str) -> None:
    """Merge an interchange object into the history, all of it or nothing. `name`: for messages.

    Entries that contradict each other are taken in all the same: they make the rules stricter.
    ProofmillError where the object is not of the format, or of another chain.
    """
    def wrong(what: str) -> ProofmillError:
        return ProofmillError(f"{name}: {what}; nothing was imported, mend the file")

    metadata = _member(history, "metadata", dict, wrong)
    version = _member(metadata, "interchange_format_version", str, wrong)
    if version != VERSION:
        raise wrong(f"the format version is {version!r}, not {VERSION!r}")
    root = _bytes(_member(metadata, "genesis_validators_root", str, wrong), 32, wrong)
    if root != protection.genesis_validators_root:
        raise ProofmillError(
            f"{name}: the history is of the chain {to_hex(root)}, the database of "
            f"{to_hex(protection.genesis_validators_root)}; nothing was imported")
    blocks: list[SignedBlock] = []
    attestations: list[SignedAttestation] = []
    for entry in _member(history, "data", list, wrong):
        key = _bytes(_member(entry, "pubkey", str, wrong), 48, wrong)
        for block in _member(entry, "signed_blocks", list, wrong):
            blocks.append(SignedBlock(key, _number(block, "slot", wrong), _root(block, wrong)))
        for each in _member(entry, "signed_attestations", list, wrong):
            attestations.append(SignedAttestation(
                key, _number(each, "source_epoch", wrong), _number(each, "target_epoch", wrong),
                _root(each, wrong)))
    protection.merge(blocks, attestations)


def read_history(protection: SlashingProtection, path: str | Path) -> None:
    """Import the file at `path`; ProofmillError as `import_history`, or if it cannot be read."""
    path = Path(path)
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise ProofmillError(f"{path}: larger than {MAXIMUM_BYTES:,} bytes; split it by key")
        history = parse_json(path.read_bytes().decode())
    except OSError as error:
        raise ProofmillError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ProofmillError(f"{path}: not JSON ({error}); nothing was imported") from error
    import_history(protection, history, str(path))


def write_history(protection: SlashingProtection, path: str | Path, *,
                  minimal: bool = False) -> None:
    """Export to a new file at `path`, whole or not at all."""
    history = json.dumps(export_history(protection, minimal=minimal), indent=2)
    try:
        write_whole(Path(path), [history.encode()])
    except OSError as error:
        raise not_written(path, error) from error


Wrong = Callable[[str], ProofmillError]


def _member(value: object, name: str, kind: type, wrong: Wrong) -> Any:
    if not isinstance(value, dict) or not isinstance(value.get(name), kind):
        raise wrong(f"{name!r} is missing or no {kind.__name__}")
    return value[name]


def _number(value: object, name: str, wrong: Wrong) -> int:
    text = _member(value, name, str, wrong)
    if not _DECIMAL.fullmatch(text) or int(text) > HIGHEST:
        raise wrong(f"{name!r} is {text[:30]!r}, not a number from 0 to 2^63 - 1")
    return int(text)


def _root(value: dict[str, object], wrong: Wrong) -> bytes:
    if value.get("signing_root") is None:
        return b""
    return _bytes(_member(value, "signing_root", str, wrong), 32, wrong)


def _bytes(text: str, count: int, wrong: Wrong) -> bytes:
    if not re.fullmatch(rf"0x[0-9a-fA-F]{{{2 * count}}}", text):
        raise wrong(f"{text[:20]!r} is not 0x and {count} bytes in hexadecimal")
    return bytes.fromhex(text[2:])


def _root_entry(root: bytes) -> dict[str, str]:
    return {"signing_root": to_hex(root)} if root else {}


def _highest_block(key: bytes, blocks: list[SignedBlock]) -> list[SignedBlock]:
    return [SignedBlock(key, max(block.slot for block in blocks))] if blocks else []


def _highest_attestation(key: bytes,
                         attestations: list[SignedAttestation]) -> list[SignedAttestation]:
    if not attestations:
        return []
    return [SignedAttestation(
        key, max(each.source for each in attestations), max(each.target for each in attestations))]

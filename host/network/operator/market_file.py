"""The market of a chain as its nodes read it: a file with the contracts' places and the goods."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.typed import typed
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.evm.hexadecimal import from_hex, to_hex
from proofmill.host.network.node.market_place import GoodsFiles, MarketPlace
from proofmill.host.network.operator.chain_file import Address

KIND, VERSION = "proofmill market", 1
FILE = "market.json"
Name = Annotated[str, Meta(min_length=1, max_length=4096)]
Number = Annotated[int, Meta(ge=0)]


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    version: int
    proofs: Address
    verifiers: Address
    results: Address
    verifier: Number
    model_number: Number
    model: Name
    compiled: Name
    preimage_key: Name


def write_market(path: Path, place: MarketPlace, files: GoodsFiles) -> None:
    """Write a market's file beside its goods, which it names as it finds them from there."""
    def name(file: Path) -> str:
        return os.path.relpath(file, path.parent)

    write_atomically(path, [json.dumps({
        "kind": KIND, "version": VERSION, "proofs": to_hex(place.proofs),
        "verifiers": to_hex(place.verifiers), "results": to_hex(place.results),
        "verifier": place.verifier, "model_number": place.model, "model": name(files.model),
        "compiled": name(files.compiled), "preimage_key": name(files.preimage_key),
    }, indent=1).encode() + b"\n"])


def read_market_file(path: Path) -> tuple[MarketPlace, GoodsFiles]:
    """What a market's file says; `ProofmillError` where it is none."""
    way_out = "name the market.json that `proofmill node init mill --market` has made"
    try:
        document = parse_json(path.read_text("utf-8"))
    except OSError as error:
        raise not_read(f"market.place {path}", error) from error
    except ValueError as error:
        raise ProofmillError(f"market.place {path}: not JSON: {error}; {way_out}") from error
    if not isinstance(document, dict) or (document.get("kind"), document.get("version")) != (
            KIND, VERSION):
        raise ProofmillError(f"market.place {path}: no description of a market of version "
                             f"{VERSION}; {way_out}")
    file = typed(document, _File, f"market.place {path}")
    base = path.parent
    proofs, verifiers, results = (
        from_hex(each) for each in (file.proofs, file.verifiers, file.results))
    return (MarketPlace(proofs, verifiers, results, file.verifier, file.model_number),
            GoodsFiles(base / file.model, base / file.compiled, base / file.preimage_key))


def market_key(key: ValidatorKey, part: str) -> bytes:
    """The private key of the account with which a validator's node sells or buys (`part`), 32
    bytes: ``SHA-256("proofmill market ", part, " ", secret as 32 bytes)``. That of its own account
    signs other transactions, whose nonces must not be used twice."""
    return sha256(f"proofmill market {part} ".encode() + key.secret.to_bytes(32, "big")).digest()

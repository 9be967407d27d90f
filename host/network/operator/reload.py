"""Settings that are read again while the node runs: what it takes over, and what stays.

Which keys can change is said where they are described (`settings.RELOADED`). All others are built
into what runs: the folder, the chain, keys, the sockets of peers, devices. They stay as they are
until the node is started again, and are named, so that nobody takes the file for what runs.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from proofmill.host.network.operator.prepared import Prepared, peer_addresses, read_tokens
from proofmill.host.network.operator.settings import PeerTable, Settings, keys
from proofmill.host.network.operator.tls import read_tls


@dataclass(frozen=True)
class Reloaded:
    """What a node has become, the keys whose values it has taken over, and those that stay."""

    prepared: Prepared
    taken: tuple[str, ...]
    stays: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For people."""
        taken = ", ".join(self.taken) or "nothing"
        stays = f"; {', '.join(self.stays)}: as before until it is started again" \
            if self.stays else ""
        return f"the settings are read again: {taken} changed{stays}"


def reloaded(before: Prepared, settings: Settings, base: Path) -> Reloaded:
    """`before` with what can be taken over of `settings`; `base`: what their paths are relative
    to. `ProofmillError` where a file that they name does not fit, and nothing is taken over."""
    tables = {key.table for key in keys()} - {"peers"}
    changed: dict[str, dict[str, object]] = {name: {} for name in tables}
    taken: list[str] = []
    stays: list[str] = []
    for key in keys():
        if key.table == "peers":
            continue
        value = getattr(getattr(settings, key.table), key.name)
        if value == getattr(getattr(before.settings, key.table), key.name):
            continue
        (taken if key.reload else stays).append(f"{key.table}.{key.name}")
        if key.reload:
            changed[key.table][key.name] = value
    peers = before.settings.peers
    if settings.peers != peers:
        if _pinned(settings.peers) == _pinned(peers):
            taken.append("peers.address")
            peers = settings.peers
        else:
            stays.append("peers")
    merged = msgspec.structs.replace(before.settings, peers=peers, **{
        name: msgspec.structs.replace(getattr(before.settings, name), **fields)
        for name, fields in changed.items() if fields})
    tokens = read_tokens(merged, base)
    # The same file may have another token in it.
    taken += [name for table, token in tokens.items()
              if token != before.tokens[table] and (name := f"{table}.token_file") not in taken]
    tls = read_tls(merged, base)
    if tls != before.tls and not any(name.startswith("tls.") for name in taken):
        taken.append("tls")
    return Reloaded(replace(
        before, settings=merged, tokens=tokens, tls=tls,
        peers=peer_addresses(merged.peers, before.setup.identity, before.setup.peers),
        setup=replace(before.setup, sign_transfers=merged.transfers.sign)),
        tuple(taken), tuple(stays))


def _pinned(peers: list[PeerTable]) -> list[tuple[str, str]]:
    return sorted((peer.name, peer.certificate) for peer in peers)

"""What light nodes came to, beside the specification's own finality."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.node.follower import SLOTS_PER_EPOCH
from proofmill.host.network.node.light_peer import LightReport, LightView
from proofmill.host.network.node.node import SlotView
from proofmill.host.prover.circuits.rollup.ledger import Account

MOST_BYTES = 1_024
"""That a light node may keep of an epoch."""


@dataclass(frozen=True)
class Asked:
    """What users of light nodes want to know, `accounts` by number and `payloads` by their blocks'
    hashes, from that of block 0 on; and a full node's `ledgers`, accounts by the ledger's root."""

    accounts: tuple[int, ...]
    payloads: tuple[bytes, ...]
    ledgers: Mapping[int, Mapping[int, Account]]


NOTHING = Asked((), (), {})


@dataclass(frozen=True)
class LightRow:
    """A light node at the ends of the run's epochs.

    `false`: epochs in which it held a final checkpoint that the specification did not have.
    `behind`: those in which it did not have the newest yet. `bytes_an_epoch`: by how much its files
    grew in each; `bytes_on_disk`: their sum at the end, of which `key_bytes` are the verification
    keys'; the last era's file, which takes the place of the one before, is apart: `era_bytes`.
    `refused`: (peer, why).

    `eras`: that it has taken; so `proven_blocks` from genesis on are proven, and the ledger's root
    after them is `ledger_root`; `ledger_false`: a full node has another one there. `era_seconds`:
    what verifying them took.

    `accounts` and `payloads`: that peers have shown it and that are as a full node has them, of
    `accounts_asked`, and of `proven_blocks` as far as it was asked for them, `payloads_asked`.
    `shown_false`: what it believes and a full node does not have, a phrase each.
    """

    name: str
    finalized_epoch: int
    epochs: int
    false: tuple[int, ...]
    behind: tuple[int, ...]
    bytes_an_epoch: tuple[int, ...]
    bytes_on_disk: int
    key_bytes: int
    refused: tuple[tuple[str, str], ...]
    eras: int = 0
    proven_blocks: int = 0
    ledger_root: str = ""
    ledger_false: bool = False
    era_bytes: int = 0
    era_seconds: float = 0.0
    accounts: int = 0
    accounts_asked: int = 0
    payloads: int = 0
    payloads_asked: int = 0
    shown_false: tuple[str, ...] = ()

    @property
    def most_bytes(self) -> int:
        """That an epoch has added."""
        return max(self.bytes_an_epoch, default=0)

    @property
    def broken(self) -> str:
        """What may never be, empty where all holds."""
        if self.false:
            return (f"{self.name} held a final checkpoint in epoch {self.false[0]} that the "
                    "specification did not have")
        if self.ledger_false:
            return (f"{self.name} held a root of the ledger after {self.proven_blocks} blocks that "
                    "a full node did not have there")
        if self.shown_false:
            return f"{self.name} believes that {self.shown_false[0]}, as a full node does not"
        if self.most_bytes > MOST_BYTES:
            return (f"{self.name} kept {self.most_bytes:,} bytes of one epoch, more than "
                    f"{MOST_BYTES:,}")
        return ""

    def record(self) -> JsonObject:
        """For JSON."""
        return dict(vars(self))


def light_rows(reports: Mapping[str, LightReport], full: Sequence[SlotView],
               roots: Sequence[int] = (), asked: Asked = NOTHING) -> list[LightRow]:
    """A row for each light node, by what a full node's states said: `full`, slot by slot, and the
    ledger's `roots` after each final block. `asked`: at the end, of all of them."""
    return [_row(report, full, roots, asked) for report in reports.values()]


def _row(report: LightReport, full: Sequence[SlotView], roots: Sequence[int], asked: Asked
         ) -> LightRow:
    # The last slot of an epoch that both have seen stands for it.
    views = {view.slot: view for view in report.history}
    ends: dict[int, tuple[LightView, SlotView]] = {
        view.slot // SLOTS_PER_EPOCH: (views[view.slot], view) for view in full
        if view.slot in views}
    false: list[int] = []
    behind: list[int] = []
    grown: list[int] = []
    before = report.first_bytes
    for epoch, (light, specified) in sorted(ends.items()):
        known = light.finalized.epoch, light.finalized.root
        if known != specified.finalized_checkpoint:
            late = known[0] < specified.finalized_checkpoint[0]
            (behind if late else false).append(epoch)
        grown.append(light.bytes_on_disk - before)
        before = light.bytes_on_disk
    last = report.history[-1] if report.history else None
    row = LightRow(
        report.name, last.finalized.epoch if last else 0, len(ends), tuple(false), tuple(behind),
        tuple(grown), before, report.key_bytes, report.refused)
    taken = report.eras
    if taken is None:
        return row
    full_root = roots[taken.blocks - 1] if 0 < taken.blocks <= len(roots) else None
    return _shown(replace(
        row, eras=taken.count, proven_blocks=taken.blocks, ledger_root=str(taken.root),
        ledger_false=taken.blocks > 0 and full_root != taken.root,
        era_bytes=taken.last_bytes, era_seconds=round(sum(taken.seconds), 3)), report, asked)


def _shown(row: LightRow, report: LightReport, asked: Asked) -> LightRow:
    """With what peers have shown, beside what the full node has."""
    false: list[str] = []
    accounts = payloads = 0
    for each in report.accounts:
        if (ledger := asked.ledgers.get(each.root)) is not None:
            accounts += (right := ledger.get(each.number) == each.account)
            if not right:
                false.append(f"account {each.number} after {each.blocks} blocks is {each.account}")
    numbers = {block_hash: number for number, block_hash in enumerate(asked.payloads)}
    for payload in report.payloads:
        if payload.place is not None:
            payloads += (right := payload.place == numbers.get(payload.block_hash))
            if not right:
                false.append(f"payload 0x{payload.block_hash.hex()} is proven block "
                             f"{payload.place}")
    known = row.eras > 0    # the ledger before the first era nobody has to show
    return replace(
        row, accounts=accounts, accounts_asked=len(asked.accounts) * known, payloads=payloads,
        payloads_asked=min(row.proven_blocks, len(asked.payloads)), shown_false=tuple(false))

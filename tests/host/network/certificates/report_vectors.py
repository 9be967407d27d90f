"""Makes `tests/vectors/certificate/reports.json`: what another implementation of docs/protocol.md,
section 13, has to say of reports. ``python -m tests.host.network.certificates.report_vectors``
writes it anew.
"""

import json
from dataclasses import replace

from proofmill.host.network.certificates.reports import BID, Reports, Said, base_of
from tests.host.network.certificates.reporting import GENESIS, REGISTRY, Branch
from tests.host.network.certificates.vectors import FOLDER

FILE = FOLDER / "reports.json"
SLOTS = {1: True, 2: True, 4: True, 5: False, 7: True, 8: True, 9: True}
"""Of the blocks, and whether their parents have a payload."""
PROVEN = 8
"""The final block's slot."""
SPANS = (1, 2), (2, 4), (2, 5), (4, 5), (5, 6), (5, 8), (7, 8), (8, 9)


def reports_of(branch: Branch) -> dict[int, Said]:
    """Right ones; of slot 4 another includer, of 6 one though it has no block, of 7 none."""
    said = dict(branch.said)
    said[4] = replace(said[4], proposer=b"\x01" * 20)
    said[6] = replace(said[2], slot=5, payload=b"\x02" * 32)
    del said[7]
    return dict(sorted(said.items()))


def made() -> tuple[Branch, Reports]:
    """The blocks, and the reference when they are proven."""
    branch, twin = Branch(), Reports(GENESIS)
    for slot, full in SLOTS.items():
        branch.add(slot, full)
    for slot, said in reports_of(branch).items():
        twin.report(slot, said)
    count = list(SLOTS).index(PROVEN) + 1
    twin.prove(branch.blocks[:count], branch.roots[count - 1])
    return branch, twin


def document() -> dict[str, object]:
    """The file's content."""
    branch, twin = made()
    return {
        "format": 1, "bid": BID,
        "first": {"root": GENESIS.root.hex(), "slot": GENESIS.slot,
                  "payload": GENESIS.payload.hex(), "ledger": str(GENESIS.ledger)},
        "blocks": [{
            "slot": str(each.header.slot), "proposer": str(each.header.proposer),
            "state_root": each.header.state_root.hex(), "body_root": each.header.body_root.hex(),
            "payload": each.payload.hex(), "branch": [node.hex() for node in each.branch],
            "root": root.hex(), "says": _words(branch.said[each.header.slot])}
            for each, root in zip(branch.blocks, branch.roots, strict=True)],
        "final_slot": PROVEN,
        "reports": [{"slot": slot, "says": _words(said),
                     "holds": twin.holds(slot) if slot <= PROVEN else None}
                    for slot, said in twin.reported.items()],
        "standing": [{"first": first, "last": last, "is": twin.standing(first, last).name}
                     for first, last in SPANS],
        "base": [{"totals": [str(total) for total in totals], "epoch": epoch, "slot": slot,
                  "wei": str(base_of(totals, epoch, slot))}
                 for totals in (REGISTRY.totals, (10**9, 2 * 10**9, 3 * 10**18, 4 * 10**12))
                 for epoch in (0, 3) for slot in (0, 15, 32, 47, 300)]}


def _words(said: Said) -> list[str]:
    return [str(each) if isinstance(each, int) else bytes(each).hex()  # type: ignore[call-overload]
            for each in said.fields]


if __name__ == "__main__":
    FILE.write_text(json.dumps(document(), indent=1) + "\n")

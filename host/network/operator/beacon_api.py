"""The part of Ethereum's Beacon API that light clients and watchers of a chain ask for.

Source: github.com/ethereum/beacon-APIs. Numbers are texts, bytes hexadecimal with 0x. Blocks come
from the node's archive; of states there is the head's, and of that what is here.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.archive import ArchiveReader
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.operator.bounded import Stream
from proofmill.host.network.operator.chain_view import ChainView, Checkpoint
from proofmill.host.network.operator.events_stream import event, stream
from proofmill.host.network.operator.roots import ROOT_SCHEMA, read_root
from proofmill.host.network.operator.web import (
    BYTES,
    EVENTS,
    Parameter,
    Refused,
    Reply,
    Request,
    Route,
    json_reply,
)

TOPICS = ("head", "block", "finalized_checkpoint")
SLOTS_PER_EPOCH = int(spec.SLOTS_PER_EPOCH)
FORK = "eip8025"
"""What the specification calls this chain's fork."""
BLOCK = Parameter("block_id", "head, finalized, justified, a slot, or a root with 0x", {
    "type": "string", "pattern": r"^(head|finalized|justified|[0-9]{1,18}|0x[0-9a-fA-F]{64})$"})
STATE = Parameter("state_id", "head: there is no other state here")


@dataclass(frozen=True)
class BeaconChain:
    """What does not change of a chain, and where its blocks are. `version`: of the program."""

    version: str
    genesis_seconds: int
    archive: ArchiveReader


@dataclass(frozen=True)
class _Header:
    """A block's header, as it is `told`."""

    slot: int
    canonical: bool
    told: dict[str, object]


class BeaconApi:
    """Answers from the latest view, and from the archive."""

    def __init__(self, chain: BeaconChain, view: Callable[[], ChainView]) -> None:
        self._chain, self._view = chain, view

    def routes(self) -> list[Route]:
        """All of it."""
        no_block = {404: "there is no such block", 400: "no block's name"}
        no_state = {404: "there is no such state"}
        node, beacon, state = "/eth/v1/node", "/eth/v1/beacon", "/eth/v1/beacon/states/{state_id}"
        return [
            Route(f"{beacon}/genesis", "when and with whom the chain began", self._genesis,
                  refusals={404: "the node starts"}),
            Route(f"{beacon}/headers", "headers of a slot, or of who builds on a block; the head's "
                  "by default", self._headers, refusals=no_block, parameters=(
                      Parameter("slot", "of the block", {
                          "type": "string", "pattern": "^[0-9]{1,18}$"}),
                      Parameter("parent_root", "of the block before it", ROOT_SCHEMA))),
            Route(f"{beacon}/headers/{{block_id}}", "a block's header, signed", self._header,
                  parameters=(BLOCK,), refusals=no_block),
            Route(f"{beacon}/blocks/{{block_id}}/root", "a block's root", self._root,
                  parameters=(BLOCK,), refusals=no_block),
            Route("/eth/v2/beacon/blocks/{block_id}", "a block, signed; as SSZ where "
                  f"{BYTES} is accepted", self._block, parameters=(BLOCK,), refusals=no_block),
            Route(f"{state}/root", "a state's root", self._state_root, parameters=(STATE,),
                  refusals=no_state),
            Route(f"{state}/fork", "a state's fork", self._fork, parameters=(STATE,),
                  refusals=no_state),
            Route(f"{state}/finality_checkpoints", "justified and final", self._finality,
                  parameters=(STATE,), refusals=no_state),
            Route("/eth/v1/config/spec", "constants of the specification", self._spec),
            Route(f"{node}/version", "of this program", self._version),
            Route(f"{node}/health", "200 where it follows the chain, 206 while it fetches what it "
                  "has missed", self._health, media="text/plain", also={206: "it catches up"}),
            Route(f"{node}/syncing", "how far it is behind", self._syncing),
            Route(f"{node}/peer_count", "peers by state", self._peer_count),
            Route("/eth/v1/events", "what happens to the chain, as it happens", self._events,
                  media=EVENTS, refusals={400: "no topic, or an unknown one"}, parameters=(
                      Parameter("topics", f"of {', '.join(TOPICS)}, with commas", {
                          "type": "array", "minItems": 1,
                          "items": {"type": "string", "enum": list(TOPICS)}}, required=True),)),
        ]

    def _genesis(self, _: Request) -> Reply:
        root = self._view().genesis_validators_root
        if not root:
            raise Refused(404, "the node starts; ask again")
        return _data({
            "genesis_time": str(self._chain.genesis_seconds),
            "genesis_validators_root": _hex(root),
            "genesis_fork_version": _hex(bytes(spec.config.GENESIS_FORK_VERSION))})

    def _headers(self, request: Request) -> Reply:
        view = self._view()
        slots, parents = request.listed("slot"), request.listed("parent_root")
        if parents:
            roots = self._chain.archive.children(read_root(parents[0]))
        else:
            roots = [self._named(slots[0] if slots else "head", view)]
        found = [self._header_of(root, view) for root in roots]
        if slots:
            found = [each for each in found if str(each.slot) == slots[0]]
        if not found:
            raise Refused(404, "there is no such block")
        return _of_chain([each.told for each in found], _are_final(found, view))

    def _header(self, request: Request) -> Reply:
        view = self._view()
        found = self._header_of(self._named(request.path["block_id"], view), view)
        return _of_chain(found.told, _are_final([found], view))

    def _header_of(self, root: bytes, view: ChainView) -> _Header:
        block = self._signed(root)
        message, slot = block.message, int(block.message.slot)
        canonical = root in self._chain.archive.branch(view.head_root, slot, slot + 1)
        header = spec.BeaconBlockHeader(
            slot=message.slot, proposer_index=message.proposer_index,
            parent_root=message.parent_root, state_root=message.state_root,
            body_root=spec.hash_tree_root(message.body))
        return _Header(slot, canonical, {
            "root": _hex(root), "canonical": canonical,
            "header": {"message": plain(header), "signature": _hex(bytes(block.signature))}})

    def _root(self, request: Request) -> Reply:
        root = self._named(request.path["block_id"], self._view())
        return _of_chain({"root": _hex(root)})

    def _block(self, request: Request) -> Reply:
        root = self._named(request.path["block_id"], self._view())
        if BYTES in request.accept:
            return Reply(self._stored(root), media=BYTES)
        return json_reply({"version": FORK, "execution_optimistic": False, "finalized": False,
                           "data": plain(self._signed(root))})

    def _state_root(self, request: Request) -> Reply:
        return _of_chain({"root": _hex(self._head_state(request).head_state_root)})

    def _fork(self, request: Request) -> Reply:
        self._head_state(request)
        version = _hex(bytes(spec.config.GENESIS_FORK_VERSION))
        return _of_chain({"previous_version": version, "current_version": version, "epoch": "0"})

    def _finality(self, request: Request) -> Reply:
        view = self._head_state(request)
        return _of_chain({"previous_justified": _checkpoint(view.previous_justified),
                          "current_justified": _checkpoint(view.justified),
                          "finalized": _checkpoint(view.finalized)})

    def _spec(self, _: Request) -> Reply:
        return _data(constants())

    def _version(self, _: Request) -> Reply:
        return _data({"version": f"Proofmill/{self._chain.version}"})

    def _health(self, _: Request) -> Reply:
        return Reply(status=206 if self._view().syncing else 200)

    def _syncing(self, _: Request) -> Reply:
        view = self._view()
        return _data({"head_slot": str(view.head_slot),
                      "sync_distance": str(max(0, view.slot - view.head_slot)),
                      "is_syncing": view.syncing, "is_optimistic": False, "el_offline": False})

    def _peer_count(self, _: Request) -> Reply:
        return _data({"disconnected": "0", "connecting": "0",
                      "connected": str(self._view().peers), "disconnecting": "0"})

    def _events(self, request: Request) -> Stream:
        topics = request.listed("topics")
        unknown = [topic for topic in topics if topic not in TOPICS]
        if not topics or unknown:
            raise Refused(400, f"topics are of {', '.join(TOPICS)}"
                          + (f", not {unknown[0]}" if unknown else ""))
        return stream(self._view, lambda before, view: [
            event(name, content) for name, content in news(before, view) if name in topics])

    def _head_state(self, request: Request) -> ChainView:
        view, name = self._view(), request.path["state_id"]
        if name not in ("head", str(view.head_slot), _hex(view.head_state_root)):
            raise Refused(404, f"of states there is the head's alone, not that of {name}")
        return view

    def _named(self, name: str, view: ChainView) -> bytes:
        """The root of the block of that name."""
        match name:
            case "head":
                return view.head_root
            case "finalized":
                return view.finalized[1]
            case "justified":
                return view.justified[1]
        if name.startswith("0x"):
            return read_root(name)
        if not (name.isascii() and name.isdigit()) or len(name) > 18:
            raise Refused(400, f"{name} names no block: {BLOCK.what}")
        roots = self._chain.archive.branch(view.head_root, int(name), int(name) + 1)
        if not roots:
            raise Refused(404, f"slot {name} has no block on the head's branch")
        return roots[0]

    def _stored(self, root: bytes) -> bytes:
        try:
            found = self._chain.archive.part(root, Topic.BLOCK)
        except ProofmillError:
            found = None  # a chain that has just begun has no file yet
        if found is None:
            raise Refused(404, f"there is no block {_hex(root)} here")
        return found

    def _signed(self, root: bytes) -> spec.SignedBeaconBlock:
        return spec.SignedBeaconBlock.decode_bytes(self._stored(root))


def news(before: ChainView, now: ChainView) -> Iterator[tuple[str, dict[str, object]]]:
    """What has happened between two views, as events of `TOPICS`."""
    if now.head_root != before.head_root:
        known = set(before.recent)
        for slot, root in now.recent:
            if (slot, root) not in known and slot > before.finalized[0] * SLOTS_PER_EPOCH:
                yield "block", {"slot": str(slot), "block": _hex(root),
                                "execution_optimistic": False}
        yield "head", {
            "slot": str(now.head_slot), "block": _hex(now.head_root),
            "state": _hex(now.head_state_root), "execution_optimistic": False,
            "epoch_transition": now.head_slot // SLOTS_PER_EPOCH
            > before.head_slot // SLOTS_PER_EPOCH}
    if now.finalized != before.finalized:
        epoch, root = now.finalized
        yield "finalized_checkpoint", {
            "block": _hex(root), "epoch": str(epoch), "execution_optimistic": False,
            "state": _hex(before.states.get(root, bytes(32)))}


@cache
def constants() -> dict[str, str]:
    """The configuration and the preset of the specification, as texts."""
    found = {**{name: value for name, value in vars(spec).items() if name.isupper()},
             **spec.config._asdict()}
    return {name: str(plain(value)) for name, value in sorted(found.items())
            if isinstance(value, int | bytes | str) and not isinstance(value, bool)}


def plain(value: object) -> object:
    """A value of SSZ as the Beacon API has it in JSON."""
    if hasattr(value, "to_obj"):
        value = value.to_obj()
    match value:
        case bool() | str():
            return value
        case int():
            return str(int(value))
        case bytes():
            return _hex(bytes(value))
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
    return value


def _data(found: object) -> Reply:
    return json_reply({"data": found})


def _of_chain(found: object, final: bool = False) -> Reply:
    return json_reply({"execution_optimistic": False, "finalized": final, "data": found})


def _are_final(headers: Sequence[_Header], view: ChainView) -> bool:
    slots = [each.slot for each in headers if each.canonical]
    return bool(slots) and max(slots) <= view.finalized[0] * SLOTS_PER_EPOCH


def _checkpoint(checkpoint: Checkpoint) -> dict[str, str]:
    return {"epoch": str(checkpoint[0]), "root": _hex(checkpoint[1])}


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"


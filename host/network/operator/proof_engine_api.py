"""EIP-8025's proof engine over HTTP: proofs of payloads asked for, had, and verified.

Paths, fields and events are those of zkboost (github.com/eth-act/zkboost), which consensus clients
speak; a payload is named by the root of its request. What is proven here is decided by the chain's
lottery: whoever asks for a proof hears of it when one is there, this node's or another's, and of
its failure when no block can include one any more.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from proofmill.host.network.consensus.payload import NewPayloadRequest
from proofmill.host.network.consensus.proofs import PROOF_TYPE, Verify
from proofmill.host.network.consensus.records import PROOF_BYTES
from proofmill.host.network.consensus.refusal import Invalid, judged_by_specification
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.operator.bounded import Stream
from proofmill.host.network.operator.chain_view import ChainView
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
from proofmill.host.prover.circuits.statement import ADDRESS_BYTES, prover_tag

TYPE_NAME = "proofmill-groth16-bn254"
"""The one proof type here; its number in EIP-8025, `PROOF_TYPE`, is taken as well."""
TIMEOUT = "proving_timeout"
"""Why a proof has failed: in zkboost's words, no block can include one any more."""
MOST_BODY = 1 << 20
"""Bytes of a payload's request."""
_TYPE_SCHEMA = {"type": "string", "enum": [TYPE_NAME, str(PROOF_TYPE)]}
_TYPES_SCHEMA = {"type": "array", "items": _TYPE_SCHEMA, "minItems": 1, "uniqueItems": True}


@dataclass(frozen=True)
class Judge:
    """What verifies proofs. `provers`: (number in the contract, reward address)."""

    verify: Verify
    chain_id: int
    provers: Sequence[tuple[int, bytes]]

    def is_valid(self, view: ChainView, root: bytes, data: bytes) -> bool:
        """Whether proof data holds for a payload of the view, for the prover whose address it
        has."""
        payload = view.payloads[root]
        if len(data) != PROOF_BYTES + ADDRESS_BYTES:
            return False
        proof, address = data[:PROOF_BYTES], data[PROOF_BYTES:]
        return any(self.verify([payload.old_root, payload.new_root, payload.batch_commitment,
                                prover_tag(self.chain_id, payload.slot, number, address)], proof)
                   for number, paid_at in self.provers if paid_at == address)


class ProofEngineApi:
    """Answers from the latest view."""

    def __init__(self, judge: Judge, can_prove: bool, view: Callable[[], ChainView]) -> None:
        """`can_prove`: whether this node is a prover."""
        self._judge, self._can_prove, self._view = judge, can_prove, view

    def routes(self) -> list[Route]:
        """All of it."""
        root = Parameter("new_payload_request_root", "of the payload", ROOT_SCHEMA)
        needed = Parameter(root.name, root.what, ROOT_SCHEMA, required=True)
        kind = Parameter("proof_type", "of the proof", _TYPE_SCHEMA, required=True)
        unknown = {400: "a root or type that is none", 404: "an unknown payload or proof type"}
        return [
            Route("/v1/execution_proof_requests", "ask for proofs of a payload, a "
                  "NewPayloadRequest in SSZ; its root names it from now on", self._ask,
                  method="POST", body=BYTES,
                  parameters=(Parameter("proof_types", "with commas", _TYPES_SCHEMA,
                                        required=True),),
                  refusals={**unknown, 400: "no SSZ of a NewPayloadRequest, or no proof types"}),
            Route("/v1/execution_proof_requests", "proofs that are there (proof_complete) and "
                  "payloads that get none any more (proof_failure), as it happens", self._follow,
                  media=EVENTS, parameters=(root,), refusals={400: "a root that is none"}),
            Route("/v1/execution_proofs/{new_payload_request_root}/{proof_type}",
                  "the proof data of a payload's valid proof: the proof, then the address its "
                  "reward goes to", self._proof, media=BYTES, parameters=(needed, kind),
                  refusals=unknown),
            Route("/v1/execution_proof_verifications", "whether proof data holds for a payload",
                  self._verified, method="POST", body=BYTES, parameters=(needed, kind),
                  refusals=unknown),
            Route("/v1/proof_types", "what can be proven and verified here", self._types),
            Route("/health", "200 while the node runs", lambda request: Reply(b"OK\n"),
                  media="text/plain"),
        ]

    def _ask(self, request: Request) -> Reply:
        types = request.listed("proof_types")
        if not types or len(types) != len(set(types)):
            raise Refused(400, "name each proof type once, in proof_types")
        for each in types:
            if each not in (TYPE_NAME, str(PROOF_TYPE)):
                raise Refused(400, f"there is no proof type {each} here, only {TYPE_NAME}")
        try:
            with judged_by_specification():
                container = NewPayloadRequest.decode_bytes(request.body)
        except Invalid as error:
            raise Refused(400, f"the body is no NewPayloadRequest in SSZ: {error}") from error
        root = bytes(spec.hash_tree_root(container))
        if root not in self._view().payloads:
            raise Refused(404, f"the payload 0x{root.hex()} is none of this chain's that are not "
                          "final; ask when the node has its block")
        return json_reply({"new_payload_request_root": f"0x{root.hex()}"})

    def _follow(self, request: Request) -> Stream:
        wanted = [read_root(text) for text in request.listed("new_payload_request_root")]

        def told(found: Iterator[tuple[str, bytes, dict[str, str]]]) -> list[str]:
            return [event(name, {"new_payload_request_root": f"0x{root.hex()}",
                                 "proof_type": TYPE_NAME, **more})
                    for name, root, more in found if not wanted or root in wanted]

        return stream(self._view, lambda before, now: told(_news(before, now)),
                      lambda view: told(_news(ChainView(), view) if wanted else iter(())))

    def _proof(self, request: Request) -> Reply:
        root = read_root(request.path["new_payload_request_root"])
        _require_type(request.path["proof_type"])
        found = self._view().proofs.get(root)
        if found is None:
            raise Refused(404, f"there is no proof of the payload 0x{root.hex()} here")
        return Reply(found)

    def _verified(self, request: Request) -> Reply:
        roots, types = request.listed("new_payload_request_root"), request.listed("proof_type")
        if len(roots) != 1 or len(types) != 1:
            raise Refused(400, "name one new_payload_request_root and one proof_type")
        root, view = read_root(roots[0]), self._view()
        _require_type(types[0])
        if root not in view.payloads:
            raise Refused(404, f"the payload 0x{root.hex()} is unknown, or long final")
        valid = self._judge.is_valid(view, root, request.body)
        return json_reply({"status": "VALID" if valid else "INVALID"})

    def _types(self, _: Request) -> Reply:
        return json_reply({"proof_types": [{
            "proof_type": TYPE_NAME, "kind": "groth16", "can_prove": self._can_prove,
            "can_verify": True}]})


def _news(before: ChainView, now: ChainView) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """What has become of payloads: (event, root, further fields)."""
    for root in now.proofs:
        if root not in before.proofs:
            yield "proof_complete", root, {}
    for root in before.open_payloads - now.open_payloads:
        if root not in now.proofs and root not in before.proofs:
            yield "proof_failure", root, {
                "reason": TIMEOUT, "error": "no block can include a proof of it any more"}


def _require_type(name: str) -> None:
    if name not in (TYPE_NAME, str(PROOF_TYPE)):
        raise Refused(404, f"there is no proof type {name} here, only {TYPE_NAME}")

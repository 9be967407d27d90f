"""The Beacon API and the proof engine over HTTP, of a chain of a few slots."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from openapi_spec_validator import validate

from proofmill.host.network.consensus.payload import NewPayloadRequest
from proofmill.host.network.consensus.proofs import PROOF_TYPE
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.archive import ArchiveReader
from proofmill.host.network.node.node import Node
from proofmill.host.network.operator import interfaces, openapi, web
from proofmill.host.network.operator.beacon_api import BeaconApi, BeaconChain, news
from proofmill.host.network.operator.bounded import Bounds, Listener, Listeners
from proofmill.host.network.operator.chain_view import ChainView, chain_view
from proofmill.host.network.operator.proof_engine_api import (
    MOST_BODY,
    TYPE_NAME,
    Judge,
    ProofEngineApi,
)
from tests.host.network.node import killed
from tests.host.network.node.chains import Source
from tests.host.network.operator.watched import ask

SLOTS = 3


@dataclass
class Chain:
    source: Source
    views: list[ChainView]
    port: int
    web: web.Web

    @property
    def view(self) -> ChainView:
        return self.views[-1]

    def request(self, path: str, method: str = "GET", body: bytes | None = None, more: str = ""
                ) -> tuple[int, bytes]:
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        head, _, content = ask(self.port, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{length}{more}"
                               "\r\n".encode() + (body or b"")).partition(b"\r\n\r\n")
        return int(head.split()[1]), content

    def get(self, path: str) -> Any:
        status, content = self.request(path)
        assert status == 200, content
        return json.loads(content)

    def payload(self, slot: int) -> tuple[bytes, bytes]:
        """The root of a slot's payload request, and its SSZ."""
        facts = next(each for each in self.source.follower.recent() if each.slot == slot)
        block = self.source.follower._blocks[facts.root]
        assert block.request is not None
        request = NewPayloadRequest(
            execution_payload=block.request.execution_payload,
            versioned_hashes=block.request.versioned_hashes,
            parent_beacon_block_root=block.request.parent_beacon_block_root,
            execution_requests=block.request.execution_requests)
        return facts.request_root, bytes(request.encode_bytes())


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain")
    source = Source(folder, lambda topic, data: None)
    node = cast(Node, SimpleNamespace(
        follower=source.follower, gossip=SimpleNamespace(peers=("one", "two")),
        catch_up=SimpleNamespace(busy=False)))
    views = [ChainView()]
    source.confirm(0)
    for slot in range(1, SLOTS + 1):
        source.slot(slot)
        views.append(chain_view(node, slot, views[-1]))
        assert views[-1] == chain_view(node, slot)
    follower = source.follower
    tables = {
        "Beacon API": BeaconApi(BeaconChain("1.2.3", 17, ArchiveReader(folder / "blocks.sqlite")),
                                lambda: views[-1]).routes(),
        "proof engine": ProofEngineApi(Judge(
            killed.VERIFY, follower.chain_id, [(number, each.reward_address) for number, each
                                               in enumerate(follower.provers)]),
            True, lambda: views[-1]).routes()}
    routes = [*tables["Beacon API"], *tables["proof engine"], *openapi.routes(tables, "1.2.3")]
    made = web.Web(routes, most_body=MOST_BODY)
    bounds = Bounds(request_bytes=interfaces.API_BOUNDS.request_bytes, requests_a_second=1e4,
                    burst=10_000, request_seconds=1.0)
    with Listeners([Listener("api", "127.0.0.1", 0, made.whole, made.answer, interfaces.BUSY,
                             bounds)]) as listeners:
        yield Chain(source, views, listeners.ports["api"], made)
    source.close()


def test_what_a_light_client_asks_for(chain: Chain) -> None:
    follower, view = chain.source.follower, chain.view
    assert chain.get("/eth/v1/beacon/genesis")["data"] == {
        "genesis_time": "17",
        "genesis_validators_root": f"0x{follower.genesis_validators_root.hex()}",
        "genesis_fork_version": f"0x{bytes(spec.config.GENESIS_FORK_VERSION).hex()}"}
    head = f"0x{bytes(follower.head().root).hex()}"
    for name in ("head", str(SLOTS), head):
        found = chain.get(f"/eth/v1/beacon/headers/{name}")
        assert found["data"]["root"] == head and found["data"]["canonical"]
        assert not found["finalized"] and not found["execution_optimistic"]
        message = found["data"]["header"]["message"]
        # The header's own root is the block's: who has it can check the rest against it.
        header = spec.BeaconBlockHeader(
            slot=int(message["slot"]), proposer_index=int(message["proposer_index"]),
            **{each: bytes.fromhex(message[each][2:])
               for each in ("parent_root", "state_root", "body_root")})
        assert f"0x{bytes(spec.hash_tree_root(header)).hex()}" == head
        assert chain.get(f"/eth/v1/beacon/blocks/{name}/root")["data"] == {"root": head}
    (child,) = chain.get(f"/eth/v1/beacon/headers?parent_root={message['parent_root']}")["data"]
    assert child["root"] == head
    assert chain.get("/eth/v1/beacon/headers")["data"][0]["root"] == head
    assert chain.get("/eth/v1/beacon/headers?slot=2")["data"][0]["root"] == message["parent_root"]
    checkpoints = chain.get("/eth/v1/beacon/states/head/finality_checkpoints")["data"]
    assert checkpoints["finalized"] == {"epoch": "0", "root": f"0x{bytes(32).hex()}"}
    root = chain.get("/eth/v1/beacon/states/head/root")["data"]["root"]
    assert root == f"0x{bytes(spec.hash_tree_root(follower.head_state())).hex()}"
    assert chain.get("/eth/v1/beacon/states/head/fork")["data"]["epoch"] == "0"
    assert view.recent[-1] == (SLOTS, view.head_root)


def test_a_block_in_ssz_and_in_json(chain: Chain) -> None:
    status, data = chain.request("/eth/v2/beacon/blocks/head",
                                 more="Accept: application/octet-stream\r\n")
    block = spec.SignedBeaconBlock.decode_bytes(data)
    assert status == 200 and spec.hash_tree_root(block.message) == chain.view.head_root
    found = chain.get("/eth/v2/beacon/blocks/head")["data"]
    assert found["message"]["slot"] == str(SLOTS)
    assert found["signature"] == f"0x{bytes(block.signature).hex()}"
    bid = found["message"]["body"]["signed_execution_payload_bid"]["message"]
    assert bid["block_hash"] == "0x" + bytes(
        block.message.body.signed_execution_payload_bid.message.block_hash).hex()

    def leaves(part: object) -> Iterator[object]:
        values = part.values() if isinstance(part, dict) else part if isinstance(part, list) \
            else None
        if values is None:
            yield part
        else:
            for each in values:
                yield from leaves(each)

    assert all(isinstance(each, str | bool) for each in leaves(found))


def test_the_node_tells_of_itself(chain: Chain) -> None:
    assert chain.get("/eth/v1/node/version")["data"] == {"version": "Proofmill/1.2.3"}
    assert chain.get("/eth/v1/node/syncing")["data"] == {
        "head_slot": str(SLOTS), "sync_distance": "0", "is_syncing": False,
        "is_optimistic": False, "el_offline": False}
    assert chain.get("/eth/v1/node/peer_count")["data"]["connected"] == "2"
    assert chain.request("/eth/v1/node/health")[0] == 200
    constants = chain.get("/eth/v1/config/spec")["data"]
    assert constants["SLOTS_PER_EPOCH"] == "8" and constants["PRESET_BASE"] == "minimal"
    assert constants["MAX_EFFECTIVE_BALANCE_ELECTRA"] == str(spec.MAX_EFFECTIVE_BALANCE_ELECTRA)
    chain.views.append(replace(chain.view, syncing=True, slot=9))
    try:
        assert chain.request("/eth/v1/node/health")[0] == 206
        assert chain.get("/eth/v1/node/syncing")["data"]["sync_distance"] == str(9 - SLOTS)
    finally:
        chain.views.pop()


def test_what_there_is_not_is_said(chain: Chain) -> None:
    for path, status, part in (
            ("/eth/v1/beacon/headers/99", 404, "slot 99 has no block"),
            ("/eth/v1/beacon/headers/0x12", 400, "0x and 64"),
            ("/eth/v1/beacon/headers/last", 400, "names no block"),
            (f"/eth/v1/beacon/headers/0x{'07' * 32}", 404, "there is no block 0x0707"),
            ("/eth/v1/beacon/states/genesis/root", 404, "the head's alone"),
            ("/eth/v1/events", 400, "topics are of head"),
            ("/eth/v1/events?topics=head,tail", 400, "not tail"),
            (f"/v1/execution_proofs/0x{'07' * 32}/0", 404, "no proof"),
            (f"/v1/execution_proofs/0x{'07' * 32}/sp1", 404, TYPE_NAME)):
        found, content = chain.request(path)
        assert found == status, path
        refusal = json.loads(content)
        assert refusal["code"] == status and part in refusal["message"]
    assert chain.request("/eth/v1/beacon/genesis", "POST", b"")[0] == 405
    assert chain.request("/eth/v3/beacon/genesis")[0] == 404


def test_proofs_are_asked_for_had_and_verified(chain: Chain) -> None:
    root, request = chain.payload(1)
    name = f"0x{root.hex()}"
    where = "/v1/execution_proof_requests?proof_types="
    for kind in (TYPE_NAME, str(PROOF_TYPE)):
        status, content = chain.request(where + kind, "POST", request)
        assert (status, json.loads(content)) == (200, {"new_payload_request_root": name})
    for kinds, body, status in (
            ("", request, 400), (f"{TYPE_NAME},{TYPE_NAME}", request, 400),
            ("reth-zisk", request, 400), (TYPE_NAME, b"x" * 16, 400), (TYPE_NAME, b"", 400)):
        assert chain.request(where + kinds, "POST", body)[0] == status
    stranger = NewPayloadRequest.decode_bytes(request)
    stranger.execution_payload.gas_used += 1
    assert chain.request(where + TYPE_NAME, "POST", bytes(stranger.encode_bytes()))[0] == 404

    status, proof = chain.request(f"/v1/execution_proofs/{name}/{TYPE_NAME}")
    assert status == 200 and len(proof) == 276
    assert proof == bytes(next(iter(chain.source.follower.proofs_for(
        (root, PROOF_TYPE)).values())).signed.message.proof_data)
    other = f"0x{chain.payload(2)[0].hex()}"
    spoilt = bytearray(proof)
    spoilt[40] ^= 1
    for of, data, verdict in ((name, proof, "VALID"), (other, proof, "INVALID"),
                              (name, bytes(spoilt), "INVALID"), (name, proof[:-1], "INVALID"),
                              (name, proof[:-20] + bytes(20), "INVALID")):
        status, content = chain.request(
            f"/v1/execution_proof_verifications?new_payload_request_root={of}&proof_type="
            f"{TYPE_NAME}", "POST", data)
        assert (status, json.loads(content)) == (200, {"status": verdict})
    assert chain.get("/v1/proof_types") == {"proof_types": [{
        "proof_type": TYPE_NAME, "kind": "groth16", "can_prove": True, "can_verify": True}]}
    assert chain.request("/health") == (200, b"OK\n")


def follow(chain: Chain, path: str, until: bytes) -> bytes:
    """What a stream says until `until` is in it, with the next view after its beginning."""
    with socket.create_connection(("127.0.0.1", chain.port), 20) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        got = line.recv(1 << 16)
        chain.views.append(replace(chain.view))
        while until not in got:
            piece = line.recv(1 << 16)
            assert piece, got
            got += piece
    return got


def test_events_of_the_chain_and_of_proofs(chain: Chain) -> None:
    latest = chain.views[SLOTS]
    before = chain.views[SLOTS - 1]
    told = list(news(before, latest))
    assert [name for name, _ in told] == ["block", "head"]
    assert told[1][1]["block"] == f"0x{latest.head_root.hex()}"
    assert list(news(latest, replace(latest, slot=9))) == []
    (name, final), = news(latest, replace(latest, finalized=(2, latest.head_root)))
    assert name == "finalized_checkpoint" and final["epoch"] == "2"
    assert final["state"] == f"0x{latest.head_state_root.hex()}"
    root = chain.payload(1)[0]
    got = follow(chain, f"/v1/execution_proof_requests?new_payload_request_root=0x{root.hex()}",
                 b"proof_complete")
    assert f'"new_payload_request_root": "0x{root.hex()}"'.encode() in got
    # A payload whose time is over, and no proof of it.
    lost = replace(latest, proofs={}, open_payloads=frozenset({root}))
    chain.views.append(lost)
    with socket.create_connection(("127.0.0.1", chain.port), 20) as line:
        line.sendall(b"GET /v1/execution_proof_requests HTTP/1.1\r\n\r\n")
        got = line.recv(1 << 16)
        time.sleep(0.1)
        chain.views.append(replace(lost, open_payloads=frozenset()))
        while b"proving_timeout" not in got:
            got += line.recv(1 << 16)
    assert b"event: proof_failure" in got
    del chain.views[SLOTS + 1:]


def test_the_description_is_openapi_and_has_every_route(chain: Chain) -> None:
    found = chain.get("/openapi.json")
    validate(found)
    described = {(method.upper(), path) for path, of_path in found["paths"].items()
                 for method in of_path}
    assert described == {(route.method, route.path) for route in chain.web.routes}
    schemas = {each["name"]: each["schema"] for path in found["paths"].values()
               for method in path.values() for each in method["parameters"]}
    assert re.search(schemas["slot"]["pattern"], "2")
    assert re.search(schemas["parent_root"]["pattern"], f"0x{'ab' * 32}")
    # What the description calls right is taken, or there is none of it; what it calls wrong is not.
    root = f"0x{chain.view.head_root.hex()}"
    for name, status in (("head", 200), ("finalized", 404), (str(SLOTS), 200), (root, 200),
                         (root.upper(), 400), (root[:-1], 400), (f"{root[:-2]}%20%20", 400),
                         (root[2:], 400), ("-1", 400), ("tail", 400), ("9" * 19, 400)):
        right = re.search(schemas["block_id"]["pattern"], name) is not None
        found = chain.request(f"/eth/v1/beacon/headers/{name}")[0]
        assert (right, found) == (status != 400, status), name
    assert schemas["topics"]["items"]["enum"] and schemas["proof_types"]["items"]["enum"][0] == (
        TYPE_NAME)
    status, page = chain.request("/openapi")
    assert status == 200 and all(route.path.encode() in page for route in chain.web.routes)


def test_curl_reads_them(chain: Chain) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    base = f"http://127.0.0.1:{chain.port}"

    def curl(*arguments: str, data: bytes = b"") -> bytes:
        return subprocess.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "20",
                               *arguments], input=data, capture_output=True, check=True).stdout

    assert json.loads(curl(f"{base}/eth/v1/node/version"))["data"]["version"]
    events = f"{base}/v1/execution_proof_requests?new_payload_request_root="
    assert b"event: proof_complete" in subprocess.run(
        ["curl", "--silent", "--no-buffer", "--max-time", "4",
         f"{events}0x{chain.payload(1)[0].hex()}"], capture_output=True).stdout
    root, request = chain.payload(2)
    assert json.loads(curl("--data-binary", "@-", "-H", "Content-Type: application/octet-stream",
                           f"{base}/v1/execution_proof_requests?proof_types={TYPE_NAME}",
                           data=request)) == {"new_payload_request_root": f"0x{root.hex()}"}
    assert curl("--head", f"{base}/eth/v1/beacon/headers/head").startswith(b"HTTP/1.1 200")


def test_httpx_asks_for_a_proof_hears_of_it_and_has_it_verified(chain: Chain) -> None:
    """As a consensus client asks its proof engine, with another's reader of events."""
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    events = pytest.importorskip("httpx_sse", reason="httpx-sse is not installed")
    root, request = chain.payload(2)
    name = {"new_payload_request_root": f"0x{root.hex()}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{chain.port}", timeout=20.0) as client:
        (kind,) = client.get("/v1/proof_types").json()["proof_types"]
        asked = client.post("/v1/execution_proof_requests", content=request,
                            params={"proof_types": kind["proof_type"]})
        assert (asked.status_code, asked.json()) == (200, name)
        with events.connect_sse(client, "GET", "/v1/execution_proof_requests",
                                params=name) as stream:
            told = next(each for each in stream.iter_sse() if each.event != "message")
        assert told.event == "proof_complete" and told.json() == {
            **name, "proof_type": kind["proof_type"]}
        proof = client.get(f"/v1/execution_proofs/0x{root.hex()}/{kind['proof_type']}")
        assert proof.headers["content-type"] == "application/octet-stream"
        for data, verdict in ((proof.content, "VALID"), (proof.content[::-1], "INVALID")):
            found = client.post("/v1/execution_proof_verifications", content=data, params={
                **name, "proof_type": kind["proof_type"]})
            assert found.json() == {"status": verdict}
        assert client.get("/v1/execution_proofs/0x00/7").json()["code"] == 400


@pytest.mark.slow
def test_schemathesis_finds_nothing(chain: Chain) -> None:
    """Requests made up by the description: what it calls right is taken, answers are those that it
    has. It knows no SSZ and no end of a stream, so those are left out."""
    program = shutil.which("schemathesis")
    if program is None:
        pytest.skip("schemathesis is not installed")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [program, "run", f"http://127.0.0.1:{chain.port}/openapi.json", "--phases", "fuzzing",
         "--max-examples", "10", "--generation-deterministic", "--exclude-method", "POST",
         "--exclude-path-regex", "events|execution_proof_requests", "--suppress-health-check",
         "all"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout


def test_requests_that_are_none_are_answered_or_left(chain: Chain) -> None:
    """Random damage to good requests: an answer of a known status, or the end of the connection,
    and the next one is answered as ever."""
    draw, root = Random(8), chain.payload(1)[0].hex()
    good = [b"GET /eth/v1/beacon/headers/head HTTP/1.1\r\n\r\n",
            f"GET /v1/execution_proofs/0x{root}/0 HTTP/1.1\r\nAccept: a/b\r\n\r\n".encode(),
            b"GET /eth/v1/beacon/headers?slot=2&parent_root=0x00 HTTP/1.1\r\n\r\n",
            (b"POST /v1/execution_proof_requests?proof_types=0 HTTP/1.1\r\nContent-Length: 8"
            b"\r\n\r\n12345678")]
    for _ in range(400):
        request = bytearray(draw.choice(good))
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(request))
            match draw.randrange(3):
                case 0:
                    request[place] = draw.randrange(256)
                case 1:
                    del request[place]
                case 2:
                    request[place:place] = bytes(draw.randrange(256)
                                                 for _ in range(draw.randint(1, 9)))
        if chain.web.whole(bytes(request)):
            answer = chain.web.answer(bytes(request))
            assert not isinstance(answer, bytes) or int(answer.split()[1]) in web.PHRASES
    begun = time.monotonic()
    assert ask(chain.port, good[3][:-4]) == b""  # four bytes are owed
    assert 0.5 < time.monotonic() - begun < 15
    assert chain.request("/v1/execution_proof_requests", "POST", b"")[0] == 400
    assert ask(chain.port, b"POST /v1/execution_proof_requests HTTP/1.1\r\nContent-Length: "
               b"99999999999999999999\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert ask(chain.port, b"POST /v1/execution_proof_requests HTTP/1.1\r\n\r\n"
               ).startswith(b"HTTP/1.1 411")
    assert ask(chain.port, b"POST /v1/execution_proof_requests HTTP/1.1\r\n" + b"X: y\r\n"
               * 300_000) == b""
    assert chain.request("/health")[0] == 200


def test_a_token_is_asked_for(chain: Chain) -> None:
    guarded = web.Web(chain.web.routes, "secret", MOST_BODY)

    def status(more: bytes) -> int:
        answer = guarded.answer(b"GET /eth/v1/node/version HTTP/1.1\r\n" + more + b"\r\n")
        assert isinstance(answer, bytes)
        return int(answer.split()[1])

    assert status(b"") == 401 and status(b"Authorization: Bearer wrong\r\n") == 401
    assert status(b"Authorization: Bearer secret\r\n") == 200



def test_web3_reads_the_chain(chain: Chain) -> None:
    """The Beacon API's client of web3.py, as its users have it."""
    from web3.beacon import Beacon

    beacon, follower = Beacon(f"http://127.0.0.1:{chain.port}"), chain.source.follower
    head = f"0x{bytes(follower.head().root).hex()}"
    assert beacon.get_genesis() == chain.get("/eth/v1/beacon/genesis")
    assert beacon.get_block_root("head")["data"]["root"] == head
    assert beacon.get_block_header(head)["data"]["header"]["message"]["slot"] == str(SLOTS)
    assert beacon.get_block_headers()["data"][0]["root"] == head
    body = beacon.get_block("head")["data"]["message"]["body"]
    state = follower.head_state()
    assert body["signed_execution_payload_bid"]["message"]["block_hash"] == (
        f"0x{bytes(state.latest_execution_payload_bid.block_hash).hex()}")
    assert beacon.get_hash_root()["data"]["root"] == f"0x{bytes(state.hash_tree_root()).hex()}"
    assert beacon.get_fork_data()["data"]["epoch"] == str(int(state.fork.epoch))
    assert beacon.get_finality_checkpoint()["data"]["finalized"]["epoch"] == "0"
    assert beacon.get_spec()["data"]["SLOTS_PER_EPOCH"] == str(int(spec.SLOTS_PER_EPOCH))
    assert beacon.get_version()["data"]["version"].startswith("Proofmill/1.2.3")
    assert beacon.get_syncing()["data"]["is_syncing"] is False
    assert beacon.get_peer_count()["data"]["connected"] == "2" and beacon.get_health() == 200

"""Programs of others at a node's interfaces: what they ask, and what they make of the answers."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.operator import miner_api
from proofmill.host.network.operator.bounded import Listener, Listeners
from proofmill.host.network.operator.figures import FIGURES
from proofmill.host.network.operator.miner_api import MinerApi
from tests.host.network.operator.watched import listening, snapshot

PORT = 4028
"""Where miners' monitors ask, whatever they are told."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a miner API."""
    with listening() as (_, miner):
        yield miner


def curl(port: int, request: str) -> str:
    """What curl shows of an answer, without its zero byte."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20",
                           f"telnet://127.0.0.1:{port}"], input=request.encode(),
                          capture_output=True, check=True)
    assert done.stdout.endswith(b"\0")
    return done.stdout[:-1].decode()


def test_curl_and_jq_read_the_miner_api(port: int) -> None:
    assert "|SUMMARY,Elapsed=100," in curl(port, "summary\n")
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    told = subprocess.run(
        ["jq", "-r", '[.summary[0].SUMMARY[0].Accepted, (.devs[0].DEVS | map(.Status))] | @json'],
        input=curl(port, '{"command": "summary+devs"}'), capture_output=True, text=True,
        check=True).stdout
    assert json.loads(told) == [snapshot().of("proofs_accepted"), ["Alive", "Sick"]]


def answers(ask: Callable[[Any], Awaitable[Any]], port: int) -> Any:
    """What pyasic's client of cgminer's API gives."""
    rpc = pytest.importorskip("pyasic.rpc.cgminer", reason="pyasic is not installed")
    return asyncio.run(ask(rpc.CGMinerRPCAPI("127.0.0.1", port)))


def test_pyasic_reads_every_command(port: int) -> None:
    async def ask(api: Any) -> dict[str, Any]:
        return {name: await getattr(api, name)() for name in (
            "version", "config", "summary", "pools", "devs", "devdetails", "stats", "pgacount")} | {
                "joined": await api.multicommand("summary", "devs"), "pga": await api.pga(1),
                "check": await api.check("quit")}

    found = answers(ask, port)
    shown = snapshot()
    assert found["summary"]["SUMMARY"][0]["Accepted"] == shown.of("proofs_accepted")
    assert found["joined"]["summary"][0]["SUMMARY"] == found["summary"]["SUMMARY"]
    assert found["pga"]["PGA"] == [found["devs"]["DEVS"][1]]
    assert found["check"]["CHECK"] == [{"Exists": "Y", "Access": "N"}]
    assert set(found["stats"]["STATS"][0]) >= {
        name for name, figure in FIGURES.items() if not figure.label}
    assert {row["Elapsed"] for row in found["stats"]["STATS"]} == {shown.of("uptime_seconds")}
    assert found["pgacount"]["PGAS"][0]["Count"] == found["config"]["CONFIG"][0]["PGA Count"] == 2


def test_pyasic_is_refused_what_changes_something(port: int) -> None:
    error = pytest.importorskip("pyasic.errors", reason="pyasic is not installed").APIError
    with pytest.raises(error, match="Access denied to 'quit' command"):
        answers(lambda api: api.quit(), port)
    with pytest.raises(error, match="Invalid PGA id 9 - range is 0 - 1"):
        answers(lambda api: api.pga(9), port)


def test_pyasic_takes_a_node_for_a_miner(port: int) -> None:
    """By the class that it has for whatever speaks cgminer's API."""
    miners = pytest.importorskip("pyasic.miners.backends.cgminer",
                                 reason="pyasic is not installed")

    async def ask(api: Any) -> Any:
        miner = miners.CGMiner("127.0.0.1")
        miner.rpc = api
        return await miner.get_data(include=["api_ver", "fw_ver", "uptime", "pools"])

    found, shown = answers(ask, port), snapshot()
    assert (found.api_ver, found.fw_ver) == (miner_api.API_VERSION, "proofmill 1.2.3")
    assert found.uptime == shown.of("uptime_seconds")
    (pool,) = found.pools
    assert pool.alive and pool.active
    assert (pool.accepted, pool.rejected) == (shown.of("proofs_accepted"),
                                              shown.of("proofs_rejected"))


def test_pyasic_rs_finds_no_makers_machine() -> None:
    """It looks at one port and knows machines by their makers' names: it has whole answers to what
    it asks, and takes the node for none of those."""
    found = pytest.importorskip("pyasic_rs", reason="pyasic-rs is not installed")
    api, heard = MinerApi(snapshot, "1.2.3"), []

    def answer(request: bytes) -> bytes:
        heard.append(json.loads(request)["command"])
        return api.answer(request)

    place = "127.40.28.1"
    try:
        listeners = Listeners([Listener("miner", place, PORT, miner_api.whole, answer, b"busy\0")])
    except ProofmillError as error:  # another has it
        pytest.skip(f"{place}:{PORT} cannot be listened on: {error}")

    async def look() -> Any:
        return await found.MinerFactory().get_miner(place)

    with listeners:
        assert asyncio.run(look()) is None
    assert sorted(set(heard)) == ["devdetails", "version"]

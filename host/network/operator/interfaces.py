"""What a node answers its operators and other programs, by the settings: listeners over what it is
at the latest step of its clock."""

import ssl
from collections.abc import Callable
from dataclasses import replace

from proofmill.host.network.consensus.block_proofs import block_verifier
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.archive import BLOCKS, ArchiveReader
from proofmill.host.network.operator import dashboard, metrics, miner_api, openapi, web
from proofmill.host.network.operator.beacon_api import BeaconApi, BeaconChain
from proofmill.host.network.operator.bounded import Bounds, Listener
from proofmill.host.network.operator.chain_view import ChainView
from proofmill.host.network.operator.figures import Snapshot
from proofmill.host.network.operator.miner_api import MinerApi
from proofmill.host.network.operator.prepared import Prepared
from proofmill.host.network.operator.proof_engine_api import MOST_BODY, Judge, ProofEngineApi

BUSY = web.response(429, more="Retry-After: 1\r\n")
API_BOUNDS = replace(Bounds(), request_bytes=Bounds.request_bytes + MOST_BODY)
"""A payload to be proven is longer than any other request."""


def interfaces(prepared: Prepared, snapshot: Callable[[], Snapshot], view: Callable[[], ChainView]
               ) -> list[Listener]:
    """The listeners that the settings want. `snapshot` and `view`: the latest."""
    settings, found = prepared.settings, []
    tables = http_tables(prepared, snapshot, view)
    description = openapi.routes(tables, prepared.version)
    if settings.metrics.enabled:
        table = settings.metrics
        pages = web.Web([*tables["figures"], *tables["page"], *description],
                        prepared.tokens["metrics"])
        found.append(Listener("metrics", table.host, table.port, pages.whole, pages.answer, BUSY,
                              tls=_tls(prepared, table.host)))
    if settings.api.enabled:
        api = web.Web([*tables["figures"], *tables["Beacon API"], *tables["proof engine"],
                       *description], prepared.tokens["api"], MOST_BODY)
        found.append(Listener("api", settings.api.host, settings.api.port, api.whole, api.answer,
                              BUSY, API_BOUNDS, _tls(prepared, settings.api.host)))
    if settings.miner.enabled:
        miner = MinerApi(snapshot, prepared.version)
        found.append(Listener("miner", settings.miner.host, settings.miner.port, miner_api.whole,
                              miner.answer, b"STATUS=E,Code=23,Msg=Too many requests|\0",
                              tls=_tls(prepared, settings.miner.host)))
    return found


def _tls(prepared: Prepared, host: str) -> ssl.SSLContext | None:
    """What is spoken there."""
    encrypted = prepared.settings.encrypted(host)
    return prepared.tls.context if prepared.tls is not None and encrypted else None


def http_tables(
    prepared: Prepared, snapshot: Callable[[], Snapshot], view: Callable[[], ChainView],
) -> dict[str, list[web.Route]]:
    """Every route, by what it is for."""
    chain = prepared.chain.setup
    return {
        "figures": metrics.routes(snapshot), "page": dashboard.routes(snapshot),
        "Beacon API": BeaconApi(BeaconChain(
            prepared.version, int(prepared.chain.genesis_seconds),
            ArchiveReader(prepared.setup.folder / BLOCKS)), view).routes(),
        "proof engine": ProofEngineApi(Judge(
            block_verifier(chain.verification_key), int(spec.config.DEPOSIT_CHAIN_ID),
            [(number, each.reward_address) for number, each in enumerate(chain.provers)]),
            prepared.setup.prover is not None, view).routes()}

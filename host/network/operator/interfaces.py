"""What a node answers its operators, by the settings: listeners made from one snapshot."""

from collections.abc import Callable

from proofmill.host.network.operator import dashboard, miner_api, web
from proofmill.host.network.operator.bounded import Listener
from proofmill.host.network.operator.figures import Snapshot
from proofmill.host.network.operator.metrics import page
from proofmill.host.network.operator.miner_api import MinerApi
from proofmill.host.network.operator.prepared import Prepared


def interfaces(prepared: Prepared, snapshot: Callable[[], Snapshot]) -> list[Listener]:
    """The listeners that the settings want. `snapshot`: the latest."""
    settings, found = prepared.settings, []
    if settings.metrics.enabled:
        table = settings.metrics
        pages = web.Web({"/metrics": page(snapshot), **dashboard.pages(snapshot)},
                        prepared.metrics_token)
        found.append(Listener("metrics", table.host, table.port, web.whole, pages.answer,
                              web.response(429, more="Retry-After: 1\r\n")))
    if settings.miner.enabled:
        miner = MinerApi(snapshot, prepared.version)
        found.append(Listener("miner", settings.miner.host, settings.miner.port, miner_api.whole,
                              miner.answer, b"STATUS=E,Code=23,Msg=Too many requests|\0"))
    return found

"""``/metrics``: the table of figures in the format of Prometheus, by its own client library."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from proofmill.host.network.operator.conditions import CONDITIONS
from proofmill.host.network.operator.figures import FIGURES, Figure, Kind, Snapshot
from proofmill.host.network.operator.web import Reply, Route

PREFIX = "proofmill_"


class Figures(Collector):
    """Every figure of the latest snapshot, and what the node is."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        """A family for each figure."""
        snapshot = self._snapshot()
        yield InfoMetricFamily(f"{PREFIX}node", "What the node is.", value=dict(snapshot.about))
        holding = {each.name for each in snapshot.conditions}
        for figure in FIGURES.values():
            family = _family(figure)
            values = snapshot.values.get(figure.name, {})
            if figure.name == "condition":
                values = {name: float(name in holding) for name in CONDITIONS}
            for label, value in values.items():
                family.add_metric([label] if figure.label else [], value)
            yield family


def _family(figure: Figure) -> CounterMetricFamily | GaugeMetricFamily:
    labels = [figure.label] if figure.label else []
    kind = CounterMetricFamily if figure.kind is Kind.COUNTER else GaugeMetricFamily
    return kind(f"{PREFIX}{figure.name}", f"{figure.what} ({figure.unit})", labels=labels)


def routes(snapshot: Callable[[], Snapshot]) -> list[Route]:
    """The page."""
    registry = CollectorRegistry()
    registry.register(Figures(snapshot))
    return [Route("/metrics", "every figure, for Prometheus",
                  lambda request: Reply(generate_latest(registry)), media=CONTENT_TYPE_LATEST)]

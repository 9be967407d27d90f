"""For Prometheus and Grafana: alert rules and a dashboard, made from the tables of figures and
states."""

import json
from typing import Any

from proofmill.host.network.operator.conditions import CONDITIONS, WELL
from proofmill.host.network.operator.figures import FIGURES, Figure, Kind
from proofmill.host.network.operator.metrics import PREFIX

HOLDS_MINUTES = 5
"""How long a state lasts before somebody is told."""
CRITICAL = ("out of funds", "behind")
"""States in which nothing is earned."""
SCHEMA = 39
"""Grafana's version of a dashboard's form."""
WIDTH, HEIGHT, COLUMNS = 8, 7, 3
RATE_WINDOW = "5m"


def alert_rules() -> str:
    """Rules in Prometheus' YAML: an alert for a node that does not answer, and one for each state
    in which something is to be done."""
    lines = ["groups:", "  - name: proofmill", "    rules:"]
    lines += _rule("ProofmillNodeDown", f'up{{job="{PREFIX.rstrip("_")}"}} == 0', "critical",
                   "The node {{ $labels.instance }} does not answer",
                   "see whether it runs, and its node.log; proofmill doctor looks at the rest")
    for name, way_out in CONDITIONS.items():
        if name not in WELL:
            title = "Proofmill" + "".join(word.capitalize() for word in name.split())
            lines += _rule(title, f'{PREFIX}condition{{condition="{name}"}} == 1',
                           "critical" if name in CRITICAL else "warning",
                           f"The node {{{{ $labels.instance }}}} is in the state: {name}", way_out)
    return "\n".join(lines) + "\n"


def _rule(name: str, expression: str, severity: str, summary: str, way_out: str) -> list[str]:
    # JSON's strings are YAML's.
    return [f"      - alert: {name}", f"        expr: {json.dumps(expression)}",
            f"        for: {HOLDS_MINUTES}m",
            "        labels:", f"          severity: {severity}",
            "        annotations:", f"          summary: {json.dumps(summary)}",
            f"          description: {json.dumps(f'What to do: {way_out}')}"]


def dashboard() -> str:
    """A dashboard to import into Grafana: the states, then a graph for every figure."""
    panels: list[dict[str, Any]] = [_panel(
        0, "State", f"max by (condition) ({PREFIX}condition)", "{{condition}}",
        "the states that hold, as 1", "")]
    figures = [figure for figure in FIGURES.values() if figure.label != "condition"]
    panels += [_panel(place, figure.name.replace("_", " "), _expression(figure),
                      f"{{{{instance}}}} {{{{{figure.label}}}}}" if figure.label
                      else "{{instance}}", figure.what, _unit(figure))
               for place, figure in enumerate(figures, 1)]
    return json.dumps({
        "title": "Proofmill", "uid": "proofmill", "schemaVersion": SCHEMA, "version": 1,
        "editable": True, "refresh": "30s", "time": {"from": "now-6h", "to": "now"},
        "tags": ["proofmill"], "panels": panels, "templating": {"list": [{
            "name": "source", "label": "Prometheus", "type": "datasource",
            "query": "prometheus"}]}}, indent=1) + "\n"


def _expression(figure: Figure) -> str:
    """A counter's growth a minute, a gauge as it is."""
    if figure.kind is Kind.COUNTER:
        return f"60 * rate({PREFIX}{figure.name}_total[{RATE_WINDOW}])"
    return f"{PREFIX}{figure.name}"


def _unit(figure: Figure) -> str:
    return f"{figure.unit} a minute" if figure.kind is Kind.COUNTER else figure.unit


def _panel(place: int, title: str, expression: str, legend: str, what: str, unit: str
           ) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    row, column = divmod(place, COLUMNS)
    return {
        "id": place + 1, "type": "timeseries", "title": title, "description": what,
        "datasource": source,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": f"suffix: {unit}" if unit else "none"},
                        "overrides": []},
        "targets": [{"refId": "A", "datasource": source, "expr": expression,
                     "legendFormat": legend}]}

"""Alert rules and dashboard: each state and figure of the tables, in forms their programs take."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from proofmill.host.cli.main import main
from proofmill.host.network.operator.conditions import CONDITIONS, WELL
from proofmill.host.network.operator.figures import FIGURES
from tests.host.network.operator.everywhere import samples
from tests.host.network.operator.watched import get, listening


def printed(what: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["node", what]) == 0
    return capsys.readouterr().out


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"proofmill_\w+", expression))


@pytest.fixture(scope="module")
def shown() -> set[str]:
    """The names that /metrics has."""
    with listening() as (metrics, _):
        return {name for name, _ in samples(get(metrics)[1])}


def test_every_grave_state_has_an_alert(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shown: set[str]
) -> None:
    text = printed("alerts", capsys)
    rules = YAML(typ="safe").load(text)["groups"][0]["rules"]
    assert len(rules) == 1 + len(CONDITIONS) - len(WELL)
    for rule in rules:
        assert names_in(rule["expr"]) <= shown and rule["for"] == "5m"
        assert rule["labels"]["severity"] in ("warning", "critical")
    for name, way_out in CONDITIONS.items():
        found = [rule for rule in rules if f'condition="{name}"' in rule["expr"]]
        assert len(found) == (name not in WELL)
        assert all(way_out in rule["annotations"]["description"] for rule in found)
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    path = tmp_path / "rules.yml"
    path.write_text(text)
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_figure_has_a_graph(
    capsys: pytest.CaptureFixture[str], shown: set[str]
) -> None:
    found = json.loads(printed("grafana", capsys))
    panels = found["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert set().union(*map(names_in, asked)) == shown - {"proofmill_node_info"}
    assert len(panels) == len(FIGURES) and len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)

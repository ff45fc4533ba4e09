"""The dashboard: Prometheus understands each of its questions, what they are about is measured, and no panel hides another."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import yaml
from manifests import DEPLOY, Manifests
from prometheus_words import OURS, metrics_of, table
from promtool import Promtool

GRAFANA = DEPLOY / "grafana"
TEXT = (GRAFANA / "ocppdiag.json").read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = json.loads(TEXT)
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
WHOLE_WIDTH = 24


def test_prometheus_understands_each_question(promtool: Promtool, tmp_path: Path) -> None:
    """By way of a file of rules, because promtool reads expressions there only."""
    asked = [expression.replace("$__rate_interval", "5m") for expression in EXPRESSIONS]
    rules = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "questions.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "questions", "rules": rules}]}))
    assert f"{len(EXPRESSIONS)} rules found" in promtool("check", "rules", str(file))
    assert len(EXPRESSIONS) > 30


def test_what_it_asks_for_is_measured() -> None:
    asked = set().union(*map(metrics_of, EXPRESSIONS))
    assert {metric for metric in asked if OURS.match(metric)} <= table((DEPLOY / "README.md").read_text())


def test_a_legend_names_labels_that_the_answer_has() -> None:
    for target in (target for panel in PANELS for target in panel["targets"]):
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            assert re.search(rf"\b{label}\b", target["expr"]), target


def test_panels_have_titles_units_and_numbers_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len({panel["title"] for panel in PANELS}) == len(PANELS)
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS)
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    for panel in PANELS:
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_no_panel_lies_on_another_or_hangs_out() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    assert all(place["x"] + place["w"] <= WHOLE_WIDTH for place in places)
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_grafana_is_told_where_all_of_it_is(rendered: dict[str, Manifests]) -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/ocppdiag.yaml").read_text())["providers"]
    assert provider["type"] == "file"
    shipped = rendered["production"].one("ConfigMap", "dashboard-ocppdiag")
    assert json.loads(shipped["data"]["ocppdiag.json"]) == DASHBOARD

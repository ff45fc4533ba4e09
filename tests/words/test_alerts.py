"""The alerts: Prometheus takes them, each is caused and fires, each has its runbook, and what they look at is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests import DEPLOY, Manifests
from prometheus_words import OURS, metrics_of, table
from promtool import Promtool

RULES = DEPLOY / "prometheus/alerts.yaml"
CAUSES = Path(__file__).parent / "alerts_fire.yaml"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALERTS: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
TESTS: list[dict[str, Any]] = yaml.safe_load(CAUSES.read_text())["tests"]


def test_prometheus_takes_the_rules(promtool: Promtool) -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", str(RULES))


def test_each_alert_fires_when_it_is_caused_and_none_when_all_is_well(
    promtool: Promtool, tmp_path: Path
) -> None:
    here = tmp_path / CAUSES.name  # the file of rules is looked for beside it
    here.write_text(CAUSES.read_text())
    (tmp_path / RULES.name).write_text(RULES.read_text())
    promtool("test", "rules", str(here))


def test_no_alert_is_left_out_of_that() -> None:
    cases = [case for test in TESTS for case in test.get("alert_rule_test", ())]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == {rule["alert"] for rule in ALERTS}
    quiet = " ".join(series["series"] for series in TESTS[0]["input_series"])
    seen = {metric for rule in ALERTS for metric in metrics_of(rule["expr"])}
    assert seen - set(metrics_of(quiet)) == set(), "all of it is there when all is well"


def test_none_is_left_out_of_the_faults_that_are_made() -> None:
    made = "".join(file.read_text() for file in (Path(__file__).parents[1] / "whole/alerts").glob("*.py"))
    assert set(re.findall(r'alert\("(\w+)"', made)) == {
        rule["alert"].removeprefix("Ocppdiag") for rule in ALERTS
    }


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_where_it_is_written_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["runbook"] == f"deploy/README.md#{rule['alert'].lower()}"
    assert README.count(f"\n### {rule['alert']}\n") == 1
    assert rule["annotations"]["summary"].endswith(".")


def test_there_is_no_runbook_for_what_is_no_alert() -> None:
    assert set(re.findall(r"^### (Ocppdiag\w+)$", README, re.MULTILINE)) == {rule["alert"] for rule in ALERTS}


def test_what_they_look_at_is_measured() -> None:
    looked_at = {metric for rule in ALERTS for metric in metrics_of(rule["expr"])}
    assert {metric for metric in looked_at if OURS.match(metric)} <= table(README)


def test_prometheus_operator_is_given_the_same_rules(rendered: dict[str, Manifests]) -> None:
    """If this fails: `make k8s`."""
    assert rendered["production"].one("PrometheusRule", "ocppdiag")["spec"] == {"groups": GROUPS}

"""What the alerts are shown with, on a real Prometheus, are the rules themselves: only their durations differ."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from manifests import DEPLOY
from promtool import Promtool
from shortened import TIMES, milliseconds, shortened

TEXT = (DEPLOY / "prometheus/alerts.yaml").read_text()
DURATIONS = re.compile(r"\b\d+(?:ms|[smh])\b")


def _rules(text: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = yaml.safe_load(text)["groups"][0]["rules"]
    return rules


PAIRS = list(zip(_rules(TEXT), _rules(shortened(TEXT)), strict=True))


@pytest.mark.parametrize(("rule", "short"), PAIRS, ids=[f"{rule['alert']}-{at}" for at, (rule, _) in enumerate(PAIRS)])  # fmt: skip
def test_only_durations_differ_and_all_by_as_much(rule: dict[str, Any], short: dict[str, Any]) -> None:
    assert {**rule, "for": "", "expr": ""} == {**short, "for": "", "expr": ""}
    assert DURATIONS.sub("", rule["expr"]) == DURATIONS.sub("", short["expr"])
    for long, less in ((rule["expr"], short["expr"]), (rule.get("for", ""), short.get("for", ""))):
        before, after = ([milliseconds(each) for each in DURATIONS.findall(text)] for text in (long, less))
        assert before == [each * TIMES for each in after]


def test_prometheus_takes_them(promtool: Promtool, tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(shortened(TEXT))
    assert f"{len(PAIRS)} rules found" in promtool("check", "rules", str(tmp_path / "alerts.yaml"))

"""What is watched exists: dashboards and rules name metrics and labels that the services really have, and every alert
fires where it must."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge, Histogram

import shared.caching.redis
import shared.runtime.worker  # noqa: F401 - the same of what processes load late
from shared.contracts.catalogue import SERVICES
from shared.observing import metrics
from tests.support import applications  # noqa: F401 - loads all services, and with them their metrics
from tests.support.prometheus import (
    OBSERVE,
    RULES,
    Selector,
    filled_in,
    promtool,
    read_yaml,
    rules,
    selectors,
)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "watching.md").read_text(encoding="utf-8")
DASHBOARDS = sorted((OBSERVE / "grafana" / "dashboards").glob("*.json"))
ALERTS = [rule for rule in rules() if "alert" in rule]
# Prometheus' own, and what its client says of every process.
OF_TARGETS = frozenset({"app", "role", "instance", "job"})
_GENERAL: Mapping[str, frozenset[str]] = {
    "up": frozenset(),
    "scrape_duration_seconds": frozenset(),
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "app"}),
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
    "process_start_time_seconds": frozenset(),
    "process_open_fds": frozenset(),
    "process_max_fds": frozenset(),
    "python_gc_collections_total": frozenset({"generation"}),
}
_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]{2}")


def exposed() -> Mapping[str, frozenset[str]]:
    """Names of series and their labels. A label that a target has too is renamed by Prometheus."""
    found = dict(_GENERAL)
    for name, metric in metrics.defined().items():
        if name.startswith("longxi_test_"):
            continue
        own = metric.bounds.labels
        labels = frozenset(f"exported_{label}" if label in OF_TARGETS else label for label in own)
        match metric:
            case Counter():
                found[f"{name}_total"] = labels
            case Gauge():
                found[name] = labels
            case Histogram():
                found[f"{name}_bucket"] = labels | {"le"}
                found[f"{name}_sum"] = found[f"{name}_count"] = labels
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = frozenset()
    return found


SERIES = exposed()


def panels(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def expressions(path: Path) -> Iterator[str]:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    for panel in panels(dashboard):
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["expr"] for one in dashboard["annotations"]["list"])


def unknown(expression: str) -> list[str]:
    """What an expression names that no service has."""
    found = []
    for selector in selectors(expression):
        labels = SERIES.get(selector.metric)
        if labels is None:
            found.append(selector.metric)
        else:
            found += [f"{selector.metric}{{{label}}}" for label in selector.labels - labels - OF_TARGETS]
    return found


def test_an_expression_is_taken_apart() -> None:
    """The checks below are worth what this is."""
    found = list(
        selectors(
            'sum by (app, le) (rate(a_total{x="b_total{", y!~"c"}[5m] offset 1h)) / ignoring (z) group_left d:e or vector(0)'
        )
    )
    assert found == [Selector("a_total", frozenset({"x", "y"})), Selector("d:e", frozenset())]
    assert set(unknown('longxi_nothing_total + longxi_outbox_unsent{colour="red", app="intake"}')) == {
        "longxi_nothing_total",
        "longxi_outbox_unsent{colour}",
    }


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_asks_for_metrics_that_exist(path: Path) -> None:
    assert [
        (expression, missing) for expression in expressions(path) if (missing := unknown(expression))
    ] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_asks_for_metrics_that_exist(rule: dict[str, Any]) -> None:
    assert unknown(rule["expr"]) == []


def test_every_metric_is_explained() -> None:
    """In the table of docs/watching.md, under its name without `longxi_`."""
    said = {f"longxi_{name}" for name in re.findall(r"`(\w+)`", DOCUMENT.split("## Alerts")[0])}
    wanted = {
        f"{name}_total" if isinstance(metric, Counter) else name
        for name, metric in metrics.defined().items()
        if not name.startswith(("longxi_test_", "longxi_planted"))
    }
    assert wanted - said == set()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_whole(path: Path) -> None:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    sources = {
        one["uid"]
        for one in read_yaml(OBSERVE / "grafana/provisioning/datasources/longxi.yml")["datasources"]
    }
    assert dashboard["schemaVersion"] == 42
    assert bilingual(dashboard["title"])
    assert dashboard["templating"]["list"] or "$app" not in path.read_text(encoding="utf-8")
    shown = list(panels(dashboard))
    assert len({panel["id"] for panel in shown}) == len(shown)
    for panel in shown:
        asked = [target["datasource"]["uid"] for target in panel.get("targets", ())]
        assert set(asked) <= sources
        letters = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(letters)) == len(letters)
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in shown
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "panels lie over each other"
    assert max(x for x, _ in cells) < 24


def test_dashboards_have_addresses_of_their_own() -> None:
    uids = [json.loads(path.read_text(encoding="utf-8"))["uid"] for path in DASHBOARDS]
    assert len(uids) == len(set(uids)) == 6


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert bilingual(rule["annotations"]["summary"])
    assert bilingual(rule["annotations"]["description"])
    page, anchor = rule["annotations"]["runbook"].split("#")
    assert page == "docs/watching.md"
    assert anchor == rule["alert"].lower()
    assert re.search(rf"^#### {rule['alert']}$", DOCUMENT, re.MULTILINE), "no paragraph says what to do"


def test_every_alert_is_tried() -> None:
    tried = "".join(
        path.read_text(encoding="utf-8") for path in (OBSERVE / "prometheus" / "tests").glob("*.yml")
    )
    assert [rule["alert"] for rule in ALERTS if f'alertname="{rule["alert"]}"' not in tried] == []


def test_every_process_is_asked() -> None:
    config = read_yaml(OBSERVE / "prometheus" / "prometheus.yml")
    (ours,) = (job for job in config["scrape_configs"] if job["job_name"] == "longxi")
    asked = {(name, found["port"]) for found in ours["dns_sd_configs"] for name in found["names"]}
    assert asked == {
        (f"{service}-{role}", port)
        for service in SERVICES
        for role, port in (("api", 8100), ("worker", 8200))
    }
    missing = next(rule["expr"] for rule in ALERTS if rule["alert"] == "ProcessMissing")
    assert all(
        f'app="{service}", role="{role}"' in missing for service in SERVICES for role in ("api", "worker")
    )


def test_prometheus_takes_the_configuration() -> None:
    promtool("check", "config", OBSERVE / "prometheus" / "prometheus.yml")


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", *sorted(RULES.glob("*.yml")))


@pytest.mark.parametrize(
    "path", sorted((OBSERVE / "prometheus" / "tests").glob("*.yml")), ids=lambda path: path.stem
)
def test_alerts_fire_where_they_must_and_nowhere_else(path: Path) -> None:
    promtool("test", "rules", path)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_is_promql(path: Path, tmp_path: Path) -> None:
    asked = list(expressions(path))
    groups = {
        "groups": [
            {
                "name": "panels",
                "rules": [
                    {"record": f"panel:number{number}", "expr": filled_in(expression)}
                    for number, expression in enumerate(asked)
                ],
            }
        ]
    }
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps(groups), encoding="utf-8")  # JSON is YAML
    promtool("check", "rules", file)


def bilingual(text: str) -> bool:
    return bool(_HAN.search(text)) and bool(_LATIN.search(text))

"""What the compose files promise of every container, read from the files themselves; `make test-compose` runs them."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts.catalogue import SERVICES
from shared.provisioning.secrets import Hosts, init
from tests.deploy.engine import NoEngine, compose_program
from tests.support.requirements import missing

DEPLOY = Path(__file__).parents[2] / "deploy"
PLATFORM = DEPLOY / "docker-compose.yml"
CLUSTER = DEPLOY / "compose.cluster.yml"
ONCE = {"prepare", "operator", "keys", *(f"{service}-migrate" for service in SERVICES)}
OUTSIDE = {"gateway", "kafka"}
"""Reached from other machines; whatever else is published is so on this one only."""


class Loader(yaml.SafeLoader):
    """Knows compose's own tags."""


def _override(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("!override", _override)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506  # a safe one
    return content


CONTAINERS: dict[str, dict[str, Any]] = read(PLATFORM)["services"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_confined(name: str) -> None:
    container = CONTAINERS[name]

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["init"] is True
    assert container["mem_limit"]
    assert container["pids_limit"]
    assert container["logging"]["options"]["max-size"]
    assert container.get("user", "10001") not in {"root", "0", "0:0"}
    assert container["restart"] == "unless-stopped" or name in ONCE


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name not in ONCE])
def test_every_container_that_stays_says_how_it_is(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", CONTAINERS)
def test_only_the_gateway_and_kafka_are_reached_from_outside(name: str) -> None:
    for port in CONTAINERS[name].get("ports", []):
        assert name in OUTSIDE or port.startswith("127.0.0.1:")


@pytest.mark.parametrize("service", SERVICES)
def test_services_wait_for_their_migrations_and_those_for_the_preparation(service: str) -> None:
    done = {"condition": "service_completed_successfully"}

    assert CONTAINERS[f"{service}-migrate"]["depends_on"]["prepare"] == done
    for role in ("api", "worker"):
        container = CONTAINERS[f"{service}-{role}"]
        assert container["depends_on"][f"{service}-migrate"] == done
        assert container["environment"]["MODE"] == "production"
        given = {secret["target"] for secret in container["secrets"]}
        assert "database_url" in given
        assert "database_owner_url" not in given, "only migrations own tables"


def test_only_one_container_can_write_secrets_and_it_is_not_started_by_itself() -> None:
    writing = {
        name
        for name, container in CONTAINERS.items()
        for volume in container.get("volumes", [])
        if isinstance(volume, dict) and "SECRETS_DIR" in volume["source"] and not volume.get("read_only")
    }

    assert writing == {"keys"}
    assert CONTAINERS["keys"]["profiles"] == ["tools"]


def test_each_secret_is_one_that_is_made(tmp_path: Path) -> None:
    init(tmp_path, Hosts(), trial=False)
    for path in (PLATFORM, CLUSTER):
        for name, secret in read(path)["secrets"].items():
            inside = secret["file"].rsplit("}/", 1)[-1].rstrip("}")
            assert (tmp_path / inside).exists(), f"{path.name}: {name}"


def test_every_variable_is_explained_with_its_default() -> None:
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    known = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", example, re.MULTILINE))
    for path in (PLATFORM, CLUSTER):
        for name, default in re.findall(r"\$\{([A-Z][A-Z0-9_]*)(?::?-([^}$]*))?", path.read_text("utf-8")):
            if name == "COMPOSE_PROJECT_NAME" or (name.startswith("POSTGRES_") and name.endswith("VOLUME")):
                continue
            assert name in known, f"{path.name}: {name} is not in .env.example"
            if path == CLUSTER and name == "WORKERS":
                assert default == "2"  # as the comment beside it says
            elif default and name not in {"TRUSTED_CA", "SMS_ENDPOINT"}:
                assert known[name] == default, f"{path.name}: {name}"


def test_compose_takes_every_profile_and_override(tmp_path: Path) -> None:
    compose = _compose()
    for files in ([PLATFORM], [PLATFORM, CLUSTER]):
        for profiles in ([], ["try"], ["observe"], ["tools"], ["*"]):
            words = [
                *(word for file in files for word in ("--file", str(file))),
                *(word for profile in profiles for word in ("--profile", profile)),
            ]
            done = subprocess.run(
                [*compose, *words, "config", "--quiet"],
                env={**os.environ, "COMPOSE_PROJECT_NAME": "longxi"},
                capture_output=True,
                text=True,
                check=False,
                cwd=tmp_path,
            )
            assert done.returncode == 0, f"{words}: {done.stderr}"
            assert not done.stderr, done.stderr


def _compose() -> list[str]:
    folder = Path(os.environ.get("LONGXI_ENGINE_HOME") or DEPLOY.parent / "build" / "engine")
    try:
        return compose_program(folder)
    except NoEngine as reason:
        missing("docker compose", str(reason))

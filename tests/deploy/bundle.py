"""`make bundle`, and `install.sh` on what it made, in an empty folder with an engine that has never seen an image.

`python -m tests.deploy.compose --only bundle`. What is used there is what a person has: the bundle, a shell, curl.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from shared.local.ports import free_port
from tests.deploy.engine import Engine
from tests.deploy.stack import REPOSITORY

_PATIENCE = 90.0
REQUEST = {
    "new_resident": {"name": "张三", "phone": "19900000001", "email": "zhangsan@residents.example"},
    "channel": "portal",
    "address": "龙溪花园3栋2单元",
    "subject": "楼道路灯不亮",
    "body": "三栋二单元楼道的灯坏了一周，老人夜里上下楼不安全。",
}


def make(docker: Engine, version: str) -> Path:
    """The archive. Its images have to be there."""
    _run(["deploy/images/bundle.sh"], REPOSITORY, docker.environment, seconds=600)
    archive = REPOSITORY / "build" / f"longxi-{version}.tar"
    assert archive.exists()
    assert archive.with_name(f"{archive.name}.sha256").exists()
    return archive


def carry_over(archive: Path, folder: Path) -> Path:
    """As docs/operations.md says, in a folder with nothing else. Returns the unpacked one."""
    sums = archive.with_name(f"{archive.name}.sha256")
    for path in (archive, sums):
        os.link(path, folder / path.name)
    _run(["sha256sum", "--check", sums.name], folder, {}, seconds=120)
    _run(["tar", "xf", archive.name], folder, {}, seconds=120)
    return folder / archive.stem


class Installed:
    """The unpacked bundle on an engine without images."""

    def __init__(self, docker: Engine, folder: Path, project: str) -> None:
        self.docker, self.folder = docker, folder
        self.ports = {name: free_port() for name in ("GATEWAY_PORT", "KAFKA_PORT", "MAIL_PORT")}
        self.environment = {
            **docker.environment,
            **{name: str(port) for name, port in self.ports.items()},
            "COMPOSE_PROJECT_NAME": project,
        }

    def install(self) -> None:
        assert not self.docker.docker("images", "--quiet").split(), "the engine has images"
        said = _run(["./install.sh", "--trial"], self.folder, self.environment, seconds=900)
        assert "已启动 · running" in said, said

    def damaged_files_are_refused(self) -> None:
        script = self.folder / "kafka" / "start.sh"
        right = script.read_bytes()
        script.write_bytes(
            right.replace(b"allow.everyone.if.no.acl.found=false", b"allow.everyone.if.no.acl.found=true")
        )
        done = subprocess.run(
            ["./install.sh", "--no-start"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        script.write_bytes(right)
        assert done.returncode != 0
        assert "文件已损坏或被改动" in done.stderr, done.stderr

    def installs_again(self) -> None:
        """As an upgrade does, beside what the operator has changed; secrets stay."""
        secrets = self.folder / "secrets"
        before = {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()}
        with (self.folder / "tenants.toml").open("a") as communities:
            communities.write("# ours\n")
        _run(["./install.sh", "--trial"], self.folder, self.environment, seconds=900)
        assert {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()} == before

    def a_request_is_filed_and_told(self) -> None:
        token = self._operator("token", "portal").strip()
        answer = json.loads(
            _run(
                [
                    *("curl", "--silent", "--show-error", "--fail-with-body", "--noproxy", "*"),
                    *("--cacert", "secrets/tls/ca.crt"),
                    f"https://localhost:{self.ports['GATEWAY_PORT']}/intake/v1/requests",
                    *("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"),
                    *("-H", "Idempotency-Key: first-1", "-d", json.dumps(REQUEST)),
                ],
                self.folder,
                self.environment,
                seconds=60,
            )
        )
        assert answer["state"] == "filed", answer
        deadline = time.monotonic() + _PATIENCE
        mails = f"http://127.0.0.1:{self.ports['MAIL_PORT']}/mails"
        while answer["reference"] not in _run(
            ["curl", "--silent", "--noproxy", "*", mails], self.folder, {}, seconds=30
        ):
            assert time.monotonic() < deadline, "no mail names the request"
            time.sleep(0.5)

    def clear(self) -> None:
        words = ["docker", "compose", "--profile", "*", "down", "--volumes"]
        _run(words, self.folder, self.environment, seconds=180)

    def _operator(self, *words: str) -> str:
        return _run(["./longxi", *words], self.folder, self.environment, seconds=120)


def _run(words: list[str], folder: Path, environment: Mapping[str, str], *, seconds: float) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, f"{' '.join(words[:4])}: {(done.stdout + done.stderr)[-3000:]}"
    return done.stdout


def remove(folder: Path, archive: Path | None = None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if archive is not None:
        for path in (archive, archive.with_name(f"{archive.name}.sha256")):
            path.unlink(missing_ok=True)
        shutil.rmtree(archive.with_suffix(""), ignore_errors=True)


__all__ = ["Installed", "carry_over", "make", "remove"]

"""`longxi demo`: shows the flow once and leaves nothing behind."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.embedded import COMMAND, usual_ports_held


@pytest.mark.timeout(300)
def test_the_demonstration_shows_the_flow_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGXI_")}
    before = {process.pid for process in psutil.process_iter()}
    with usual_ports_held():
        done = subprocess.run(
            [COMMAND, "demo"],
            env={**environment, "TMPDIR": str(tmp_path), "LONGXI_TEST_MARK": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    for words in ("受理 filed 40, 派遣 assigned 40", "登记 registered 15", "受理→告知 filed → told"):
        assert words in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
    left = [
        process
        for process in psutil.process_iter()
        if process.pid not in before and _marked(process, tmp_path)
    ]
    assert left == []


def _marked(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get("LONGXI_TEST_MARK") == str(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False

"""`longxi import register` and `longxi import apply-register` against intake on a port."""

import asyncio
import re
from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from shared.command.main import app
from shared.security import Role
from shared.testing.serving import serving
from tests.services.intake.conftest import Intake
from tests.support.identities import number_of


async def test_a_register_is_shown_then_applied_by_its_id(intake: Intake, tmp_path: Path) -> None:
    number = number_of(date(1958, 3, 4), 1)
    file = tmp_path / "register.csv"
    file.write_text(
        f"姓名,身份证号,电话\n张三,{number},19900000001\n李四,123,19900000002\n", encoding="gb18030"
    )
    token = intake.token(Role.OPERATOR, "importer")
    async with serving(intake.app) as url:
        environment = {"LONGXI_INTAKE_URL": url, "LONGXI_TOKEN": token, "LONGXI_TENANT": "longxi"}

        async def run(*words: str) -> tuple[int, str, str]:
            done = await asyncio.to_thread(CliRunner().invoke, app, ["import", *words], env=environment)
            return done.exit_code, done.stdout, done.stderr

        code, out, said = await run("register", str(file))
        assert code == 0, said
        assert "新增 new 1" in said
        assert "第 3 行 line 3: id_number: 身份证号不对" in said
        assert not re.search("张三|李四|123,", out + said), "reasons, and none of the values"
        assert await intake.rows("SELECT id FROM resident") == []
        code, _, said = await run("apply-register", out.strip())
        assert (code, "待执行 left 0" in said) == (0, True), said
        assert len(await intake.rows("SELECT id FROM resident")) == 1
        assert (await run("apply-register", out.strip()))[0] == 0
        assert len(await intake.rows("SELECT id FROM resident")) == 1

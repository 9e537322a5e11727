"""`longxi`: run a platform, import files, follow a request, look after the event streams."""

from collections.abc import Callable
from importlib.util import find_spec

import stamina.instrumentation
import typer

from shared.command import dead_letters, events, secrets
from shared.command.backing_up import rotating
from shared.command.backing_up.backup import app as backup
from shared.command.backing_up.restore import realign, restore
from shared.command.classifying import command as classifying
from shared.command.doctor import doctor
from shared.command.follow import follow
from shared.command.importing.command import app as importing
from shared.command.importing.registers import apply_register, import_register
from shared.command.prepare import prepare
from shared.command.replay import replay
from shared.command.token import token

# A person is told once that a service is away, not at each try.
stamina.instrumentation.set_on_retry_hooks([])

app = typer.Typer(
    help="龙溪社区服务平台 · Longxi community service platform",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold what people wrote
)
COMMANDS: tuple[Callable[..., None], ...] = (
    follow,
    replay,
    classifying.classify,
    doctor,
    token,
    prepare,
    restore,
    realign,
)
if find_spec("psutil") is not None:  # the operator's image has no embedded platform to run
    from shared.command.running.command import demo, run

    COMMANDS = (run, demo, *COMMANDS)
for command in COMMANDS:
    app.command()(command)
importing.command("register")(import_register)
importing.command("apply-register")(apply_register)
app.add_typer(importing, name="import")
app.add_typer(classifying.app, name="classifier")
app.add_typer(events.app, name="events")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(secrets.app, name="secrets")
app.add_typer(backup, name="backup")
for name, step in rotating.COMMANDS.items():
    secrets.app.command(name)(step)

"""Every route with its permission and the roles that hold it, as a page that is committed and checked against drift.

`python -m shared.runtime.permissions [FILE]` writes it, a section for each service by `python -m services.<name>
permissions`.
"""

import subprocess
import sys
from pathlib import Path

from shared.contracts.catalogue import SERVICES
from shared.runtime.documents import unconnected_application
from shared.runtime.service import S, Service
from shared.security import RolePermissions, RoutePermission, route_permissions

PAGE = Path("docs/api/permissions.md")
_OPEN = "open to everyone"
_HEAD = """\
# Who may call what

Made by `make documents` from the routes themselves. Any one of a route's permissions suffices. What a permission reaches
beyond that (a resident's own requests, a worker's own cases) the actions decide. Each service also answers `/healthz`,
`/readyz` and `/metrics`, which the gateway does not let through.
"""


def permissions_text(service: Service[S]) -> str:
    """The service's section of the page."""
    from shared.runtime.api import permissions_of  # noqa: PLC0415 - `api` starts servers; this only describes

    roles = permissions_of(service)
    routes = sorted(
        route_permissions(unconnected_application(service).routes),
        key=lambda route: (route.path, route.method),
    )
    lines = [f"## {service.name}", "", "| method | path | permission | roles |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_line(route, roles) for route in routes)]) + "\n"


def page() -> str:
    """The page as it is committed. Each service's part is made by a process of its own: none sees another's code."""
    parts = [
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", f"services.{service}", "permissions"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for service in SERVICES
    ]
    return "\n".join([_HEAD, *parts])


def _line(route: RoutePermission, roles: RolePermissions) -> str:
    holders = sorted(role.value for role, held in roles.items() if held & set(route.permissions))
    permission = ", ".join(f"`{one}`" for one in route.permissions) or _OPEN
    return f"| {route.method} | `{route.path}` | {permission} | {', '.join(holders) or '-'} |"


def main(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)

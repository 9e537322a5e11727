"""What import-linter cannot see: `python -m tests.architecture` checks the shape of services file by file.

- within a service `main > routes | handlers | jobs | measures > actions > queries | clients > tables > rules`
- rules are plain Python: the standard library and the few shared packages without I/O; so is every module that rules
  import, whatever its name (a table of words, a policy)
- SQL only in tables, queries and actions; nobody in a service commits
- no file over 400 lines
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
RANKS = {
    "rules": 0,
    "tables": 1,
    "queries": 2,
    "clients": 2,
    "actions": 3,
    "routes": 4,
    "handlers": 4,
    "jobs": 4,
    "measures": 4,
    "main": 5,
    "__main__": 6,
}
PLAIN = (
    "shared.calendar",
    "shared.addressing",
    "shared.understanding",
    "shared.refusals",
    "shared.contracts",
    "shared.retrying",
)
SQL = {"select", "insert", "update", "delete", "text", "func", "union_all", "values"}
MAX_LINES = 400


def problems() -> list[str]:
    """Every breach, as `file:line: what`."""
    found: list[str] = []
    for path in _files("services", "shared", "tests"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MAX_LINES and "migrations" not in path.parts:
            found.append(f"{_short(path)}:1: {lines} lines; split it by idea")
    trees = {
        _module(path): (path, ast.parse(path.read_text(encoding="utf-8"))) for path in _files("services")
    }
    plain = _plain_modules({module: tree for module, (_, tree) in trees.items()})
    for module, (path, tree) in trees.items():
        layer = "rules" if module in plain else _layer(tuple(module.split(".")))
        found += [f"{_short(path)}:{line}: {what}" for line, what in _breaches(layer, tree)]
    return found


def _plain_modules(trees: dict[str, ast.Module]) -> set[str]:
    """Modules of no layer of their own that rules stand on, directly or through each other."""
    plain: set[str] = set()
    waiting = [module for module in trees if _layer(tuple(module.split("."))) == "rules"]
    while waiting:
        for node in ast.walk(trees[waiting.pop()]):
            for imported, names in _imports(node):
                for target in (imported, *(f"{imported}.{name}" for name in names)):
                    if target in trees and target not in plain and _layer(tuple(target.split("."))) is None:
                        plain.add(target)
                        waiting.append(target)
    return plain


def _breaches(layer: str | None, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"commit", "rollback"}
        ):
            yield (
                node.lineno,
                "services do not commit; the edge (route, handler, job) does, through the library",
            )
        for module, names in _imports(node):
            line = getattr(node, "lineno", 1)
            yield from ((line, what) for what in _import_breaches(layer, module, names))


def _import_breaches(layer: str | None, module: str, names: list[str]) -> Iterator[str]:
    if layer is None:
        return
    target = _layer((*module.split("."), *names[:1])) if module.startswith("services.") else None
    if target is not None and RANKS[target] > RANKS[layer]:
        yield f"{layer} must not import {target} ({module})"
    if layer == "rules":
        top = module.split(".", maxsplit=1)[0]
        own = module.startswith("services.") and target in {"rules", None}
        if top not in sys.stdlib_module_names and not own and not module.startswith(PLAIN):
            yield f"rules are plain Python, without {module}"
    if module.startswith("sqlalchemy") and layer not in {"tables", "queries", "actions"} and SQL & set(names):
        yield f"SQL belongs in tables, queries or actions, not in {layer}"


def _imports(node: ast.AST) -> Iterator[tuple[str, list[str]]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, []) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
        yield node.module, [alias.name for alias in node.names]


def _layer(parts: tuple[str, ...]) -> str | None:
    """The layer of a module of a service, by the first part of its path that names one."""
    return next((part for part in parts[2:] if part in RANKS), None)


def _files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def main() -> int:
    found = problems()
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    if not found:
        sys.stdout.write("architecture: kept\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

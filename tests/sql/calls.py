"""What the code of a function calls in the database, read from its source.

A function's modules are those of its folder and the modules of the library that they import.
In these, a call is a method of a repository (`waybill.database`): on `Jobs(connection)`, on a
variable that holds one, or on a parameter of that type. Its routines and named queries are the
texts of the method that name one.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[2]
_LIBRARY = _ROOT / "layers/core/python"
_DATABASE = "waybill.database"


class Module(NamedTuple):
    """A parsed module and where its names come from."""

    tree: ast.Module
    imports: dict[str, tuple[str, str]]
    """Name here → module and name there."""


class Call(NamedTuple):
    """A method of a repository."""

    repository: str
    method: str


def calls_of(package: str) -> set[Call]:
    """The repository methods that the function `functions.<package>` calls."""
    folder = _ROOT / "functions" / package.replace(".", "/")
    names = [f"functions.{package}.{file.stem}" for file in folder.glob("*.py")]
    return {call for name in _closure(names) for call in _calls(_module(name))}


def texts_of(call: Call) -> set[str]:
    """The texts in a method, and in the methods of its class that it calls."""
    methods = _methods(call.repository)
    seen, waiting = set[str](), [call.method]
    texts: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in methods:
            continue
        seen.add(name)
        for node in ast.walk(methods[name]):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                waiting += [node.attr] if node.value.id == "self" else []
    return texts


def copied_tables(package: str) -> set[str]:
    """The tables that the function names in a COPY."""
    folder = _ROOT / "functions" / package.replace(".", "/")
    found = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "copy_into":
                schema, table = (getattr(argument, "value", None) for argument in node.args[1:3])
                if isinstance(schema, str) and isinstance(table, str):
                    found.add(f"{schema}.{table}")
                else:
                    found.add("staging")
    return found


@cache
def _module(name: str) -> Module:
    root = _LIBRARY if name.startswith("waybill") else _ROOT
    path = root / name.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(file.read_text() if file.exists() else "")
    imports = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return Module(tree, imports)


def _closure(names: list[str]) -> set[str]:
    """The modules and all that they import of functions and library, but for the database's."""
    seen, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(_DATABASE):
            continue
        seen.add(name)
        for module, imported in _module(name).imports.values():
            if module.startswith(("waybill", "functions.")):
                waiting += [module, f"{module}.{imported}"]
    return seen


def _calls(module: Module) -> Iterator[Call]:
    repositories = {
        name: original
        for name, (origin, original) in module.imports.items()
        if origin.startswith(_DATABASE)
    }
    held = dict(_held(module.tree, repositories))
    held |= dict(_held_by_self(module.tree, held, repositories))
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        match node.value:
            case ast.Call(func=ast.Name(id=name)) if name in repositories:
                yield Call(repositories[name], node.attr)
            case ast.Name(id=name) if name in held:
                yield Call(held[name], node.attr)
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in held:
                yield Call(held[name], node.attr)
    yield from _connections(module)


def _connections(module: Module) -> Iterator[Call]:
    """A repository that the library holds for its users: none is named at the call."""
    if ("waybill.http.persistent_connection", "PersistentConnection") in module.imports.values():
        yield Call("Session", "limit_statements")


def _held(tree: ast.Module, repositories: dict[str, str]) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)], value=ast.Call(func=ast.Name(id=name))
            ) if name in repositories:
                yield variable, repositories[name]
            case ast.arg(arg=variable, annotation=ast.Name(id=name)) if name in repositories:
                yield variable, repositories[name]


def _held_by_self(
    tree: ast.Module, held: dict[str, str], repositories: dict[str, str]
) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Name(id=variable)) if (
                variable in held
            ):
                yield name, held[variable]
            case ast.Assign(
                targets=[ast.Attribute(attr=name)], value=ast.Call(func=ast.Name(id=repository))
            ) if repository in repositories:
                yield name, repositories[repository]


@cache
def _methods(repository: str) -> dict[str, ast.FunctionDef]:
    for file in (_LIBRARY / "waybill/database").glob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name == repository:
                return {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
    return {}

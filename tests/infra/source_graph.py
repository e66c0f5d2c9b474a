"""Which functions of the code a Lambda function may reach, read from its source.

Every call is followed whose target can be told: a name that is imported or defined in the module,
a class, and a method of a value whose class is known from an annotation, an assignment or a
returned type. A class that is used brings its special methods.
"""

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from infra.bootstrap import ROOT

_LIBRARY = ROOT / "layers/core/python"
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


class Symbol(NamedTuple):
    """A function, a class, or a method (`Class.method`) of a module; "" is the module's body."""

    module: str
    name: str


class Module(NamedTuple):
    """A module's definitions by name, and where its imported names come from."""

    body: ast.Module
    defined: dict[str, ast.FunctionDef | ast.ClassDef]
    imports: dict[str, Symbol]


@cache
def module(name: str) -> Module:
    """The module, of the library or of `functions/`; an empty one if it is neither's."""
    path = (_LIBRARY if name.startswith("waybill") else ROOT) / name.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    is_ours = name.startswith(("waybill", "functions")) and file.exists()
    body = ast.parse(file.read_text() if is_ours else "")
    defined: dict[str, ast.FunctionDef | ast.ClassDef] = {}
    for node in body.body:
        if isinstance(node, _DEFINITIONS):
            defined[node.name] = node
        if isinstance(node, ast.ClassDef):
            methods = (one for one in node.body if isinstance(one, ast.FunctionDef))
            defined |= {f"{node.name}.{method.name}": method for method in methods}
    imports = {
        alias.asname or alias.name: Symbol(node.module or "", alias.name)
        for node in ast.walk(body)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return Module(body, defined, imports)


def resolve(inside: str, name: str) -> Symbol | None:
    """What `name` means in a module: something of ours, or None."""
    known = module(inside)
    if name in known.defined:
        return Symbol(inside, name)
    origin = known.imports.get(name)
    if origin is None:
        return None
    if origin.name in module(origin.module).defined:
        return origin
    # A module (`telemetry`), or a name that another module passes on.
    submodule = f"{origin.module}.{origin.name}"
    if module(submodule).body.body:
        return Symbol(submodule, "")
    return resolve(origin.module, origin.name) if module(origin.module).body.body else None


def bodies(symbol: Symbol) -> list[ast.stmt]:
    """The statements that run when the symbol is used."""
    if not symbol.name:
        body = module(symbol.module).body.body
        return [node for node in body if not isinstance(node, (*_DEFINITIONS, ast.ImportFrom))]
    node = module(symbol.module).defined[symbol.name]
    if isinstance(node, ast.FunctionDef):
        return [node]
    return [
        one
        for one in node.body
        if not isinstance(one, ast.FunctionDef) or one.name.startswith("__")
    ]


class Scope:
    """The classes of the names and expressions in one symbol."""

    def __init__(self, symbol: Symbol) -> None:
        self._module = symbol.module
        self._names: dict[str, Symbol] = {}
        owner, is_method, _ = symbol.name.partition(".")
        if is_method:
            self._names["self"] = Symbol(symbol.module, owner)
        around = module(symbol.module).body.body if symbol.name else []
        assigned = [node for node in around if isinstance(node, ast.Assign)]
        for node in (one for body in [*assigned, *bodies(symbol)] for one in ast.walk(body)):
            match node:
                case ast.arg(arg=name, annotation=ast.expr() as annotation):
                    self._learn(name, class_of(self._module, annotation))
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._learn(name, self.type_of(value))
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    self._learn(name, self.type_of(value))
                case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
                    self._learn(name, self.type_of(value))

    def _learn(self, name: str, kind: Symbol | None) -> None:
        if kind:
            self._names[name] = kind

    def type_of(self, node: ast.expr) -> Symbol | None:
        """The class of an expression's value; None if it is not one of ours, or unknown."""
        match node:
            case ast.Name(id=name):
                return self._names.get(name)
            case ast.Attribute(value=base, attr=attribute):
                owner = self.type_of(base)
                return attribute_type(owner, attribute) if owner else None
            case ast.Call(func=function):
                target = self.target_of(function)
                return returned(target) if target else None
        return None

    def target_of(self, node: ast.expr) -> Symbol | None:
        """What a name or an attribute refers to: a function, a class or a method."""
        match node:
            case ast.Name(id=name):
                return resolve(self._module, name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if (
                name not in self._names
                and (found := resolve(self._module, name))
                and not found.name
            ):
                return resolve(found.module, attribute)
            case ast.Attribute(value=base, attr=attribute):
                owner = self.type_of(base)
                return method(owner, attribute) if owner else None
        return None


def class_of(inside: str, annotation: ast.expr | None) -> Symbol | None:
    """The class that an annotation names: `X`, `"X"`, `X | None`, `Iterator[X]`."""
    match annotation:
        case ast.Constant(value=str(text)):
            return class_of(inside, ast.parse(text, mode="eval").body)
        case ast.Name(id=name):
            found = resolve(inside, name)
            is_class = found and found.name in module(found.module).defined
            return found if is_class else None
        case ast.BinOp(left=left, right=right):
            return class_of(inside, left) or class_of(inside, right)
        case ast.Subscript(slice=inner):
            return class_of(inside, inner)
    return None


def returned(symbol: Symbol) -> Symbol | None:
    """The class of what a call gives."""
    node = module(symbol.module).defined.get(symbol.name)
    if isinstance(node, ast.ClassDef):
        return symbol
    return class_of(symbol.module, node.returns) if node else None


def _bases(symbol: Symbol) -> Iterator[Symbol]:
    node = module(symbol.module).defined.get(symbol.name)
    for base in node.bases if isinstance(node, ast.ClassDef) else []:
        found = class_of(symbol.module, base)
        if found:
            yield found


def method(owner: Symbol, name: str) -> Symbol | None:
    """The method or property of a class or of its bases."""
    if f"{owner.name}.{name}" in module(owner.module).defined:
        return Symbol(owner.module, f"{owner.name}.{name}")
    found = (method(base, name) for base in _bases(owner))
    return next((one for one in found if one), None)


@cache
def attribute_type(owner: Symbol, name: str) -> Symbol | None:
    """The class of an attribute: declared, assigned in `__init__`, or a property's."""
    if property_ := method(owner, name):
        return returned(property_)
    return _declared(owner, name) or _assigned(owner, name)


def _declared(owner: Symbol, name: str) -> Symbol | None:
    node = module(owner.module).defined.get(owner.name)
    for statement in node.body if isinstance(node, ast.ClassDef) else []:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=field), annotation=annotation) if field == name:
                return class_of(owner.module, annotation)
    return None


def _assigned(owner: Symbol, name: str) -> Symbol | None:
    symbol = Symbol(owner.module, f"{owner.name}.__init__")
    if symbol.name not in module(owner.module).defined:
        return None
    scope = Scope(symbol)
    for one in ast.walk(bodies(symbol)[0]):
        match one:
            case ast.Assign(targets=[ast.Attribute(attr=field)], value=value) if field == name:
                return scope.type_of(value)
            case ast.AnnAssign(target=ast.Attribute(attr=field), annotation=kind) if field == name:
                return class_of(owner.module, kind)
    return None

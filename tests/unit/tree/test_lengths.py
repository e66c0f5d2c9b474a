"""Files and functions stay short."""

import ast
from collections.abc import Iterator

from infra.bootstrap import ROOT
from tests.unit.tree.source_files import tracked

# Limits for all; most files have fewer than 100 lines, and most functions fewer than 30.
FILE_LINES = 300
FUNCTION_LINES = 40
_STATEMENTS = (ast.Assert, ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring; its longest statement counts as one.

    So a table or the properties of one resource may be as long as they are.
    """
    documented = ast.get_docstring(function) is not None
    docstring = function.body[0] if documented else None
    statements = [
        _span(node)
        for node in ast.walk(function)
        if isinstance(node, _STATEMENTS) and node is not docstring
    ]
    longest = max(statements, default=1)
    return _span(function) - (_span(docstring) if docstring else 0) - (longest - 1)


def test_no_source_file_is_longer_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in tracked(".py", ".sql")
    }
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": _length(function)
        for path in tracked(".py")
        for function in _functions(ast.parse(path.read_text("utf-8")))
    }
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}

"""A module's syntax tree without what cannot change a result.

Docstrings, annotations, the words of errors and assertions, log lines, labels of progress bars, and
imports that served only these. Control flow stays, and so does every call that an expression of a
log line makes, unless it is to a builtin that only looks.
"""

import ast
from collections.abc import Iterable
from typing import cast

LOOKING = {"abs", "dict", "float", "int", "len", "list", "max", "min", "repr", "round", "set",
           "sorted", "str", "sum", "tuple", "type"}  # fmt: skip
"""Builtins that change nothing, so that a log line may call them and still not count."""
_LOGGERS = {"logging", "logger", "log", "_log", "warnings"}
_LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "warn"}
_LABELLED = {"progress", "tqdm"}
_FIELD_VALUES = {"default", "default_factory", "alias", "discriminator", "init"}
"""Keywords of a field that decide its value; its bounds, unit and help text do not."""
_DECIDING = ("ClassVar", "InitVar", "KW_ONLY")
"""Annotations that decide which fields a class has."""


def without_words(text: str) -> ast.Module:
    """The tree of a module's source, reduced as the module's docstring says."""
    tree = ast.parse(text)
    for_types = _for_types_alone(tree)
    reduced = cast(ast.Module, _Reduced().visit(tree))
    used = set(_names(reduced))
    _Imports(for_types - used).visit(reduced)
    return reduced


class _Reduced(ast.NodeTransformer):
    """Drops words and annotations."""

    def __init__(self) -> None:
        self.raising = False
        self.fields: set[int] = set()

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        if not _is_log_line(node.value):
            return self.generic_visit(node)
        calls = [call for argument in _arguments(node.value) for call in _effects(argument)]
        return ast.Expr(ast.Tuple(calls, ast.Load())) if calls else None

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        value = None if node.value is None else self.visit(node.value)
        if id(node) in self.fields:
            return ast.AnnAssign(node.target, _what_decides(node.annotation), value, node.simple)
        return ast.Assign([node.target], value) if value is not None else None

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # An annotation without a value makes a field of a class, too.
        self.fields |= {id(part) for part in node.body if isinstance(part, ast.AnnAssign)}
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if _called(node.value) != "Annotated" or not isinstance(node.slice, ast.Tuple):
            return self.generic_visit(node)
        # A type with a name of its own: fields of it are made of the class that it names.
        return ast.Tuple([self.visit(node.slice.elts[0]), _what_decides(node)], ast.Load())

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        self.raising, before = True, self.raising
        node = cast(ast.Raise, self.generic_visit(node))
        self.raising = before
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if _called(node.test) == "TYPE_CHECKING":
            return None
        test, empty = node.test, not node.body
        node = cast(ast.If, self.generic_visit(node))
        silent = not node.body and not node.orelse and not empty
        # Only a log line was here: to ask whether to write it changes nothing either.
        return None if silent and not list(_effects(test)) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = _called(node.func)
        if name == "cast" and len(node.args) == 2:
            return self.visit(node.args[1])
        if self.raising or name.endswith(("Error", "Exception", "Warning")) or name in _LABELLED:
            node.args = [part for part in node.args if not _is_text(part)]
            node.keywords = [k for k in node.keywords if not _is_text(k.value)]
        if name in ("Field", "field"):
            node.keywords = [k for k in node.keywords if k.arg is None or k.arg in _FIELD_VALUES]
        self.raising, before = False, self.raising
        found = self.generic_visit(node)
        self.raising = before
        return found


class _Imports(ast.NodeTransformer):
    """Drops imports of certain names."""

    def __init__(self, unneeded: set[str]) -> None:
        self.unneeded = unneeded

    def _reduced(self, node: ast.Import | ast.ImportFrom) -> ast.AST | None:
        node.names = [name for name in node.names if _bound(name) not in self.unneeded]
        return node if node.names else None

    visit_Import = _reduced  # noqa: N815 (the name that ast calls)
    visit_ImportFrom = _reduced  # noqa: N815


def _for_types_alone(tree: ast.Module) -> set[str]:
    """Names that what is dropped mentions, but for those whose annotations make objects.

    A dataclass that a command's parameter or another class' field is annotated with is made from
    the command line, with its own defaults and checks.
    """
    commands = {
        _called(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _called(call.func) == "run_command" and call.args
    }
    making = [
        statement.annotation
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for statement in owner.body
        if isinstance(statement, ast.AnnAssign)
    ]
    making += [
        argument.annotation
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and function.name in commands
        for argument in (*function.args.args, *function.args.kwonlyargs)
        if argument.annotation
    ]
    made = {name for annotation in making for name in _names(annotation)}
    return set(_names(tree)) - made


def _what_decides(annotation: ast.expr) -> ast.expr:
    """Of an annotation: whether a variable is a field, and defaults and validators in it."""
    kept: list[ast.expr] = []
    for node in ast.walk(annotation):
        name = _called(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if name in _DECIDING:
            kept.append(ast.Constant(name))
        elif isinstance(node, ast.Call) and _called(node.func) == "Field":
            kept += [k.value for k in node.keywords if k.arg in _FIELD_VALUES]
        elif isinstance(node, ast.Call) and _called(node.func).endswith("Validator"):
            kept.append(node)
    return ast.Tuple(kept, ast.Load())


def _is_log_line(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in _LOGGERS
        and node.func.attr in _LEVELS
    )


def _is_text(node: ast.expr) -> bool:
    """Whether an expression can only be a text put together for a reader."""
    match node:
        case ast.Constant(value):
            return isinstance(value, str)
        case ast.JoinedStr():
            return True
        case ast.BinOp(left, ast.Add() | ast.Mod(), right):
            return _is_text(left) or (isinstance(node.op, ast.Add) and _is_text(right))
        case ast.IfExp(_, body, orelse):
            return _is_text(body) and _is_text(orelse)
        case ast.Call(ast.Attribute(value, "format" | "join")):
            return _is_text(value)
    return False


def _arguments(call: ast.expr) -> list[ast.expr]:
    assert isinstance(call, ast.Call)
    return [*call.args, *(keyword.value for keyword in call.keywords)]


_DOING = (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def _effects(node: ast.AST) -> Iterable[ast.expr]:
    """The outermost parts of an expression that may do something."""
    if isinstance(node, _DOING) or (isinstance(node, ast.Call) and not _only_looks(node)):
        yield cast(ast.expr, node)
        return
    for child in ast.iter_child_nodes(node):
        yield from _effects(child)


def _only_looks(call: ast.Call) -> bool:
    return _is_text(call) or (isinstance(call.func, ast.Name) and call.func.id in LOOKING)


def _names(tree: ast.AST) -> Iterable[str]:
    """Names that a tree reads, other than those of imports."""
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _called(node: ast.AST) -> str:
    """The last part of a name such as ``torch.nn.Module``; empty for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _bound(name: ast.alias) -> str:
    return name.asname or name.name.partition(".")[0]

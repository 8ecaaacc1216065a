"""What may be written: an allow-list on Jinja's syntax tree, and what a template or expression reads."""

from collections.abc import Collection, Iterator
from typing import Any

from jinja2 import nodes

from agent_app.expressions.language import FILTERS, TESTS, parse
from agent_app.expressions.problems import ExpressionError
from agent_app.expressions.problems import mark as _

MAX_SOURCE = 100_000
MAX_EXPRESSION = 10_000
Path = tuple[str | int, ...]

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For,
    nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Concat,
    nodes.CondExpr, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair,
)  # fmt: skip
_FUNCTIONS = frozenset({"range"})
_OWN_NAMES = _FUNCTIONS | {"loop", "true", "false", "none", "True", "False", "None"}
# Behind these a missing value is meant.
_FORGIVING = frozenset({"default", "d"})


def read_template(source: str) -> nodes.Template:
    """The checked tree of a template. Raises ExpressionError."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError("limit", _("A template has at most %(most)d characters."), most=MAX_SOURCE)
    tree = parse(source)
    try:
        for node in _all(tree):
            _refuse(node)
    except RecursionError as error:
        raise ExpressionError("syntax", _("This is nested too deeply.")) from error
    return tree


def read_expression(source: str) -> nodes.Expr:
    """The checked tree of a bare expression. Raises ExpressionError."""
    if len(source) > MAX_EXPRESSION:
        raise ExpressionError("limit", _("An expression has at most %(most)d characters."), most=MAX_EXPRESSION)
    if "{{" in source or "{%" in source:
        raise ExpressionError("syntax", _("Write the expression without braces."))
    try:
        body = read_template("{{ (" + source + "\n) }}").body
    except ExpressionError as error:
        if int(error.values.get("line", 0)) > source.count("\n") + 1:  # it ends where our own bracket does
            raise ExpressionError(
                "syntax", _("The expression is not complete: something is missing at its end.")
            ) from None
        raise
    if len(body) == 1 and isinstance(body[0], nodes.Output) and len(body[0].nodes) == 1:
        return body[0].nodes[0]
    raise ExpressionError("syntax", _("This is not one expression."))


def check_template(source: str, known: Collection[str]) -> list[str]:
    """What is wrong with a template that may use the variables ``known``; empty where nothing is."""
    return _check(lambda: read_template(source), known)


def check_expression(source: str, known: Collection[str]) -> list[str]:
    """The same for a bare expression."""
    return _check(lambda: read_expression(source), known)


def paths_of(source: str) -> set[Path]:
    """The variables a template needs, each with its attributes: ``{{ user.name }}`` → ("user", "name").

    What stands behind ``default`` or a test for being defined is not needed. Raises ExpressionError.
    """
    return _paths(read_template(source))


def plain_parts(source: str) -> list[str | Path] | None:
    """Text and paths in turn, where a template is nothing else; None where it must be evaluated."""
    if "{{" not in source and "{%" not in source:
        return [source]
    parts: list[str | Path] = []
    for node in read_template(source).body:
        if not isinstance(node, nodes.Output):
            return None
        for piece in node.nodes:
            if isinstance(piece, nodes.TemplateData):
                parts.append(piece.data)
            elif (path := as_path(piece)) is not None:
                parts.append(path)
            else:
                return None
    return parts


def as_path(node: nodes.Node) -> Path | None:
    """``a.b["c"][0]`` as ("a", "b", "c", 0); None for anything else."""
    steps: list[str | int] = []
    while True:
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
            node = node.node
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and _is_step(node.arg.value):
            steps.append(node.arg.value)
            node = node.node
        else:
            break
    if not isinstance(node, nodes.Name) or node.name in _OWN_NAMES:
        return None
    return (node.name, *reversed(steps))


def _is_step(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _check(read: Any, known: Collection[str]) -> list[str]:
    try:
        tree = read()
        unknown = sorted({str(path[0]) for path in _paths(tree) if path[0] not in known})
    except ExpressionError as error:
        return [error.message]
    text = _("There is no variable “%(name)s”. There are: %(known)s.")
    offered = ", ".join(sorted(known))
    return [ExpressionError("undefined", text, name=name, known=offered).message for name in unknown]


def _all(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _refuse(node: nodes.Node) -> None:
    """Raise ExpressionError for what is outside the language."""
    if not isinstance(node, _ALLOWED):
        text = _("Line %(line)d: “%(what)s” is not part of the template language.")
        raise ExpressionError("refused", text, line=node.lineno, what=type(node).__name__.lower())
    if isinstance(node, nodes.Filter) and node.name not in FILTERS | {"tojson"}:
        text = _("Line %(line)d: there is no filter “%(name)s”.")
        raise ExpressionError("refused", text, line=node.lineno, name=node.name)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        text = _("Line %(line)d: there is no test “%(name)s”.")
        raise ExpressionError("refused", text, line=node.lineno, name=node.name)
    if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name in _FUNCTIONS):
        raise ExpressionError("refused", _("Line %(line)d: only range() can be called."), line=node.lineno)
    name = node.attr if isinstance(node, nodes.Getattr) else node.name if isinstance(node, nodes.Name) else ""
    if name.startswith("_"):
        raise ExpressionError("refused", _("Line %(line)d: names do not begin with an underscore."), line=node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise ExpressionError("refused", _("Line %(line)d: loops are not recursive."), line=node.lineno)


def _paths(tree: nodes.Node) -> set[Path]:
    try:
        return set(_needed(tree, frozenset()))
    except RecursionError as error:  # chains, which the parser goes along without going deeper
        raise ExpressionError("syntax", _("This is nested too deeply.")) from error


def _needed(node: nodes.Node, bound: frozenset[str]) -> Iterator[Path]:
    """Paths that must have a value. ``bound`` are the names of the loops around."""
    if (isinstance(node, nodes.Filter) and node.name in _FORGIVING) or (
        isinstance(node, nodes.Test) and node.name in ("defined", "undefined")
    ):
        yield from (path[:1] for path in _needed(node.node, bound)) if node.node is not None else ()
        for argument in getattr(node, "args", None) or ():
            yield from _needed(argument, bound)
        return
    path = as_path(node)
    if path is not None:
        if path[0] not in bound:
            yield path
        return
    if isinstance(node, nodes.For):
        yield from _needed(node.iter, bound)
        inner = bound | {name.name for name in node.target.find_all(nodes.Name)} | _names(node.target)
        for child in (*node.body, *node.else_, *([node.test] if node.test else [])):
            yield from _needed(child, inner)
        return
    for child in node.iter_child_nodes():
        yield from _needed(child, bound)


def _names(target: nodes.Node) -> set[str]:
    return {target.name} if isinstance(target, nodes.Name) else set()

"""Conditions that people write (``context.plan == "pro" and not user.guest``), evaluated without trusting them. Pure.

Only paths, literals, comparisons, ``in``, ``and``, ``or``, ``not``: no calls and no arithmetic, so evaluating one takes no
time worth speaking of. What a path does not find is None.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

MAX_LENGTH = 1000
NAMES = ("context", "user", "message")
_CONSTANTS = {"true": True, "false": False, "none": None, "null": None}


class InvalidCondition(ValueError):
    """The condition cannot be used; the text says why."""


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda left, right: left in right, ast.NotIn: lambda left, right: left not in right,
    ast.Is: lambda left, right: left is right, ast.IsNot: lambda left, right: left is not right,
}  # fmt: skip


@lru_cache(maxsize=512)
def _parsed(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise InvalidCondition(_("A condition has at most %(most)d characters.") % {"most": MAX_LENGTH})
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InvalidCondition):
            raise
        raise InvalidCondition(
            _("This is not a condition: %(why)s.") % {"why": str(error).partition(" (")[0]}
        ) from error
    return tree


def _check(node: ast.expr) -> None:
    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None):
            return
        case ast.Name(id=name):
            if name not in NAMES and name.lower() not in _CONSTANTS:
                raise InvalidCondition(
                    _("“%(name)s” is not known. A condition can use: %(names)s.")
                    % {"name": name, "names": ", ".join(NAMES)}
                )
        case ast.Attribute(value=value):
            _check(value)
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int())):
            _check(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
            for part in parts:
                _check(part)
        case ast.UnaryOp(op=ast.Not(), operand=part) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as part):
            _check(part)
        case ast.Compare(left=left, ops=ops, comparators=parts):
            if any(type(op) not in _COMPARE for op in ops):
                raise InvalidCondition(_("This comparison is not possible."))
            for part in (left, *parts):
                _check(part)
        case _:
            raise InvalidCondition(
                _("Only paths, values, comparisons, “in”, “and”, “or” and “not” are possible in a condition.")
            )


def problems_of(condition: object) -> list[str]:
    """Why ``condition`` cannot be saved, in words; nothing where it can, or is empty."""
    if not condition:
        return []
    if not isinstance(condition, str):
        return [_("A condition is a text.")]
    try:
        _parsed(condition)
    except InvalidCondition as error:
        return [str(error)]
    return []


def holds(condition: str | None, variables: Mapping[str, Any]) -> bool:
    """Whether it is true of ``variables``; an empty one always is. Comparing what cannot be compared is false.

    Raises InvalidCondition.
    """
    if not condition or not condition.strip():
        return True
    return bool(_value(_parsed(condition), variables))


def _value(node: ast.expr, variables: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return variables.get(name) if name in variables else _CONSTANTS.get(name.lower())
        case ast.Attribute(value=whole, attr=key) | ast.Subscript(value=whole, slice=ast.Constant(value=key)):
            return _part(_value(whole, variables), key)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part, variables) for part in parts]
        case ast.BoolOp(op=op, values=parts):
            results = (_value(part, variables) for part in parts)
            return all(results) if isinstance(op, ast.And) else any(results)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _value(part, variables)
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Compare(left=left, ops=ops, comparators=parts):
            return _compared(_value(left, variables), ops, [_value(part, variables) for part in parts])
    return None


def _part(whole: Any, key: Any) -> Any:
    if isinstance(whole, Mapping):
        return whole.get(str(key))
    if isinstance(whole, list) and isinstance(key, int) and -len(whole) <= key < len(whole):
        return whole[key]
    return None


def _compared(left: Any, ops: list[ast.cmpop], parts: list[Any]) -> bool:
    for op, right in zip(ops, parts, strict=True):
        try:
            if not _COMPARE[type(op)](left, right):
                return False
        except TypeError:
            return False
        left = right
    return True

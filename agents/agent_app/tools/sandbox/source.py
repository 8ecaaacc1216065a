"""Python source that people write for the sandbox: read before it is saved, so that what cannot run is refused with its line. Pure.

It is parsed, never executed. ``MISSING`` and ``MODULES`` are what the sandbox's Python lacks and has: found by trying, and tests
try each of them again.
"""

import ast
import sys
from collections.abc import Collection, Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.tools.sandbox.signature import FunctionNode, Signature, signature_of

MAX_SOURCE = 32_000  # characters

MODULES = frozenset({
    "asyncio", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal", "functools",
    "hashlib", "itertools", "json", "math", "os", "pathlib", "random", "re", "sys", "time", "tomllib", "typing", "unicodedata",
})  # fmt: skip

_INHERITING = gettext_lazy("inheritance of classes, also of Exception and Enum: use plain classes and dataclasses")
_METHODS = gettext_lazy("decorators of methods (property, classmethod, staticmethod)")
_ASYNC_COMPREHENSION = gettext_lazy("“async for”")
_NODES: dict[type[ast.AST], str | Promise] = {
    ast.Yield: gettext_lazy("“yield”: collect the values in a list and return it"),
    ast.YieldFrom: gettext_lazy("“yield”: collect the values in a list and return it"),
    ast.Delete: gettext_lazy("“del”: use pop(), or build a new value"),
    ast.TryStar: gettext_lazy("“except*”: use except"),
    ast.AsyncWith: gettext_lazy("“async with”"),
    ast.AsyncFor: _ASYNC_COMPREHENSION,
}
if sys.version_info >= (3, 12):
    _NODES[ast.TypeAlias] = gettext_lazy("“type” statements: assign the type to a name")
MISSING = (*dict.fromkeys(_NODES.values()), _INHERITING, _METHODS)


class SourceProblem(Exception):
    """Why source cannot be used, with the line where that is so (0: the whole)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line

    def __str__(self) -> str:
        return (
            _("Line %(line)d: %(message)s") % {"line": self.line, "message": self.message}
            if self.line
            else self.message
        )


def read(source: str, *, taken: Collection[str] = ()) -> Signature:
    """The one function of ``source``; further ones may help it if their names begin with an underscore.

    ``taken`` are names that the sandbox gives. Raises SourceProblem.
    """
    tree = parse(source)
    functions = [node for node in tree.body if isinstance(node, FunctionNode)]
    public = [node for node in functions if not node.name.startswith("_")]
    if not public:
        raise SourceProblem(_("There is no function. Write one: def name(parameter: str) -> str: …"))
    if len(public) > 1:
        names = ", ".join(node.name for node in public)
        raise SourceProblem(
            _("There are several functions (%(names)s): begin the names of helpers with an underscore.")
            % {"names": names},
            public[1].lineno,
        )
    _check_names(tree, public[0], taken)
    _check_parameters(public[0])
    return signature_of(public[0])


def parse(source: str) -> ast.Module:
    """The tree of source that the sandbox can run. Raises SourceProblem."""
    if len(source) > MAX_SOURCE:
        raise SourceProblem(_("The code is longer than %(most)d characters.") % {"most": MAX_SOURCE})
    try:
        tree = ast.parse(source)
        compile(
            tree, "code.py", "exec", dont_inherit=True
        )  # finds what a tree may hold and no program: return outside of def…
    except SyntaxError as error:
        raise SourceProblem(_("This is not Python: %(why)s.") % {"why": error.msg}, error.lineno or 0) from None
    except ValueError:
        raise SourceProblem(_("The code holds a character that no program may hold.")) from None
    except (RecursionError, MemoryError):
        raise SourceProblem(_("The code is nested too deeply.")) from None
    for node in ast.walk(tree):
        for problem in _missing(node):
            raise SourceProblem(problem, getattr(node, "lineno", 0))
    return tree


def uses(source: str, name: str) -> bool:
    """Whether ``name`` is read anywhere; source that is no Python uses nothing."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _missing(node: ast.AST) -> Iterator[str]:
    if words := _lacking(node):
        yield _("The sandbox's Python has no %(what)s.") % {"what": words}
    if isinstance(node, ast.Import):
        yield from filter(None, (_no_module(alias.name) for alias in node.names))
    if isinstance(node, ast.ImportFrom):
        if node.level or any(alias.name == "*" for alias in node.names):
            yield _("Import by name: from module import name.")
        elif problem := _no_module(node.module or ""):
            yield problem


def _lacking(node: ast.AST) -> str | Promise | None:
    if isinstance(node, ast.ClassDef) and (node.bases or node.keywords):
        return _INHERITING
    if isinstance(node, ast.ClassDef) and any(
        isinstance(each, FunctionNode) and each.decorator_list for each in node.body
    ):
        return _METHODS
    if isinstance(node, ast.comprehension) and node.is_async:
        return _ASYNC_COMPREHENSION
    return _NODES.get(type(node))


def _no_module(name: str) -> str:
    if name in MODULES or name in ("os.path", "posixpath", "__future__"):
        return ""
    return _("The sandbox's Python has no module “%(name)s”. It has: %(modules)s.") % {
        "name": name, "modules": ", ".join(sorted(MODULES)),
    }  # fmt: skip


def _check_names(tree: ast.Module, function: FunctionNode, taken: Collection[str]) -> None:
    seen: dict[str, int] = {}
    for node in tree.body:
        for name in _bound(node):
            if name in taken:
                raise SourceProblem(
                    _("“%(name)s” is given by the sandbox: choose another name.") % {"name": name}, node.lineno
                )
            if function.name == name and name in seen:
                raise SourceProblem(
                    _("“%(name)s” is defined again; it was first in line %(line)d.")
                    % {"name": name, "line": seen[name]},
                    node.lineno,
                )
            seen[name] = node.lineno


def _bound(node: ast.stmt) -> Iterator[str]:
    """What a statement of the module gives a name to."""
    if isinstance(node, FunctionNode | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    else:
        yield from (
            each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        )


def _check_parameters(function: FunctionNode) -> None:
    given = function.args
    for parameter in (given.vararg, *given.posonlyargs):
        if parameter is not None:
            raise SourceProblem(
                _("“%(name)s” cannot be given by its name, as a model does. Remove * and / before it.")
                % {"name": parameter.arg},
                parameter.lineno,
            )
    if function.decorator_list:
        raise SourceProblem(_("The function cannot have a decorator."), function.decorator_list[0].lineno)

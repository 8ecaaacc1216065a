"""The type ``computer``: a shell and files in a machine of its own, which has no network and nothing of ours in it; and a browser
in another one, for the hosts that the tool names (``browsing``)."""

import posixpath
import re
import time
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.tools import browsing
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)
from agent_app.tools.sandbox import calls, queue
from agent_app.tools.sandbox.browser import hosts
from agent_app.tools.sandbox.bubblewrap import NEEDED, WORKSPACE

COMMANDS = ("ls", "cat", "find")
BLOCKED = ("/etc", "/usr", "/home")
SECONDS = 5
_COMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_MOST_READ = 100_000  # bytes of a file
_MOST_LISTED = 500
_PATH = {"type": "string", "minLength": 1, "maxLength": 500}

_READ = f'/.box/head -c {_MOST_READ + 1} -- "$1"'
_WRITE = '/.box/mkdir -p -- "$(/.box/dirname -- "$1")" && /.box/cat > "$1"'
_LIST = f'/.box/find "$1" -maxdepth 2 -printf "%y %s %p\\n" | /.box/head -n {_MOST_LISTED + 1}'


class ComputerTool(ToolType):
    name = "computer"
    label = gettext_lazy("Computer")
    summary = gettext_lazy(
        "Shell commands and files in a sandbox without network, and a browser for the hosts you name."
    )
    icon = "terminal"
    params_schema = {
        "type": "object",
        "properties": {
            "allowed_commands": {
                "type": "array", "title": "Allowed commands", "items": {"type": "string"}, "maxItems": 100,
                "default": list(COMMANDS), "description": "The only programs there, beside the shell's own. Empty: ls, cat, find.",
            },
            "blocked_paths": {
                "type": "array", "title": "Blocked paths", "items": {"type": "string"}, "maxItems": 100,
                "default": list(BLOCKED), "description": "What is not there. Empty: /etc, /usr, /home.",
            },
            "read_only": {
                "type": "boolean", "title": "Read only", "default": True,
                "description": "Nothing can be written, also not into the workspace.",
            },
            "max_execution_time": {
                "type": "number", "title": "Seconds a command may take", "minimum": 1, "maximum": 55, "default": SECONDS,
            },
            "allowed_hosts": {
                "type": "array", "title": "Allowed hosts", "items": {"type": "string", "maxLength": 260},
                "maxItems": 50, "default": [],
                "description": "Where a browser may go: example.com, *.example.com, example.com:8443, example.com/docs. Empty: there is no "
                "browser. Commands have no network in any case.",
            },
        },
        "additionalProperties": False,
    }  # fmt: skip
    permissions = frozenset({Permission.CHANGES_STATE, Permission.READS_UNTRUSTED})
    rate = "tool/computer"

    def unavailable(self) -> str:
        return queue.unavailable()

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        found: Problems = {}
        for name in params.get("allowed_commands", ()):
            if not _COMMAND.fullmatch(name):
                found.setdefault("allowed_commands", []).append(
                    _("“%(name)s” is not the name of a program: write it without path and arguments.")
                    % {"name": name[:80]}
                )
        for path in params.get("blocked_paths", ()):
            if problem := _path_problem(path):
                found.setdefault("blocked_paths", []).append(problem)
        for entry in params.get("allowed_hosts", ()):
            if hosts.problem(entry):
                found.setdefault("allowed_hosts", []).append(
                    _(
                        "“%(name)s” is no place on the web: write example.com, *.example.com, example.com:8443 or example.com/docs."
                    )
                    % {"name": entry[:80]}
                )
        if params.get("allowed_hosts") and (why := queue.no_browser()):
            found.setdefault("allowed_hosts", []).append(_("No browser can be had here: %(why)s") % {"why": why})
        return found

    def functions(self, tool: ToolDefinition) -> list[Function]:
        params = tool.params
        read_only = params.get("read_only", True)
        commands = ", ".join(params.get("allowed_commands", COMMANDS))
        reading = frozenset({Permission.READS_UNTRUSTED})
        where = f"The agent's files are in /files. {'Nothing can be written.' if read_only else f'Files in {WORKSPACE} stay for this run.'}"
        made = [
            Function(
                key="run_command", name="run_command", permissions=reading if read_only else self.permissions,
                description=f"{tool.description}\nRun a shell command. Programs: {commands}. There is no network. {where}".strip(),
                parameters=_schema(command={"type": "string", "minLength": 1, "maxLength": 20_000}), idempotent=read_only,
            ),
            Function(
                key="read_file", name="read_file", permissions=reading, idempotent=True,
                description=f"Read a text file, at most {_MOST_READ} bytes of it. {where}", parameters=_schema(path=_PATH),
            ),
            Function(
                key="list_files", name="list_files", permissions=reading, idempotent=True,
                description="List a directory and the ones in it.",
                parameters={**_schema(path={**_PATH, "default": "."}), "required": []},
            ),
        ]  # fmt: skip
        if not read_only:
            made.append(
                Function(
                    key="write_file", name="write_file", permissions=frozenset({Permission.CHANGES_STATE}), idempotent=True,
                    description=f"Write a text file in {WORKSPACE}; one that is there is replaced.",
                    parameters=_schema(path=_PATH, content={"type": "string", "maxLength": 500_000}),
                )
            )  # fmt: skip
        return made + browsing.functions(params.get("allowed_hosts") or ())

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        if function.key.startswith(browsing.PREFIX):
            return await _browsed(tool, function, arguments, context)
        seconds = float(tool.params.get("max_execution_time", SECONDS))
        try:
            told = await calls.in_box(_payload(tool.params, function.key, arguments), context, seconds=seconds)
        except ToolFailed as error:
            await calls.audited(tool, function, arguments, context, {"error": error.code, **error.details})
            raise
        details = {"exit_code": told["exit_code"], "duration_ms": told["duration_ms"]}
        await calls.audited(tool, function, arguments, context, details)
        return ToolResult(value=_value(function.key, told), details=details)


async def _browsed(
    tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
) -> ToolResult:
    started = time.monotonic()

    def took() -> dict[str, int]:
        return {"duration_ms": round((time.monotonic() - started) * 1000)}

    try:
        result, noted = await browsing.call(tool, function, arguments, context)
    except ToolFailed as error:
        await calls.audited(tool, function, arguments, context, {"exit": error.code, **took()})
        raise
    await calls.audited(tool, function, arguments, context, {"exit": "ok", **noted, **took()})
    return replace(result, details={**result.details, **took()})


def _schema(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _path_problem(path: str) -> str:
    said = {"path": path[:80]}
    if not path.startswith("/") or posixpath.normpath(path) != path or "\0" in path or len(path) > 500:
        return _("“%(path)s” is not a path as it must be written: from the root, without . and ...") % said
    blocked = PurePosixPath(path)
    if any(PurePosixPath(each).is_relative_to(blocked) for each in NEEDED) or blocked.is_relative_to(WORKSPACE):
        return _("“%(path)s” cannot be blocked: nothing would run without it.") % said
    return ""


def _payload(params: Params, key: str, arguments: dict[str, Any]) -> dict[str, Any]:
    box: dict[str, Any] = {
        "programs": params.get("allowed_commands", COMMANDS),
        "hidden": params.get("blocked_paths", BLOCKED),
        "read_only": params.get("read_only", True),
    }
    if key == "run_command":
        return {"box": box, "command": ["/.box/sh", "-c", arguments["command"]]}
    path = arguments.get("path", ".")
    if path.startswith("-"):
        path = f"./{path}"
    script = {"read_file": _READ, "write_file": _WRITE, "list_files": _LIST}[key]
    if key == "write_file":
        box["stdin"] = arguments["content"]
    return {"box": box, "command": ["/.box/sh", "-c", script, "box", path]}


def _value(key: str, told: dict[str, Any]) -> Any:
    if key == "run_command":
        return {name: told[name] for name in ("exit_code", "stdout", "stderr")}
    if told["exit_code"] != 0 or (key == "list_files" and told["stderr"] and not told["stdout"]):
        raise ToolFailed(told["stderr"].replace("/.box/", "").strip()[:500] or _("That did not work."), code="file")
    if key == "write_file":
        return {"written": True}
    if key == "list_files":
        return _listed(told["stdout"])
    text = told["stdout"]
    cut = len(text.encode()) > _MOST_READ
    return {"content": text[:_MOST_READ], **({"cut": True} if cut else {})}


def _listed(text: str) -> dict[str, Any]:
    kinds = {"f": "file", "d": "directory", "l": "link"}
    found = []
    for line in text.splitlines():
        kind, size, path = (*line.split(" ", 2), "", "")[:3]
        if path:
            found.append({"path": path, "type": kinds.get(kind, "other"), "size": int(size)})
    return {"files": found[:_MOST_LISTED], **({"cut": True} if len(found) > _MOST_LISTED else {})}

"""How a tool says who it is, as source: which environment variable has which secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_app.definition.script.made import Tool
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import Code, call
from agent_app.tools import egress
from agent_app.tools.http_params import auth_of


def auth(tool: Tool, scene: Scene, unsaid: list[str]) -> Code | None:
    """None for a tool that says nothing of itself. ``unsaid`` is told what a script cannot do."""
    said, owner, whose = (
        auth_of(tool["params"]),
        str(tool.get("credential_id") or tool["id"]),
        f"the tool {tool['name']}",
    )
    name = tool["name"]
    if integration := str(tool["params"].get("integration") or ""):
        found = scene.integrations.get(integration)
        if found is None or egress.origin(found["url"]) != _origin(tool["params"]):
            unsaid.append(f"{name}: the secrets of its integration")
            return None
        said, owner, name, whose = found["auth"], integration, found["name"], f"the integration {found['name']}"
    write = _BY_TYPE.get(said["type"])
    return write(said, _Secrets(scene, owner, name, whose, unsaid)) if write else None


def _origin(params: Mapping[str, Any]) -> str:
    return egress.origin(str(params.get("base") or params.get("url") or "").strip().partition("{")[0])


@dataclass(frozen=True)
class _Secrets:
    """The variables of one tool, or of one integration."""

    scene: Scene
    owner: str
    name: str
    whose: str
    unsaid: list[str]

    def named(self, what: str, meaning: str) -> str:
        return self.scene.secret(self.owner, self.name, what, f"{meaning} of {self.whose}")


def _api_key(said: Mapping[str, Any], secrets: _Secrets) -> Code:
    kind = "parameter" if said.get("in") == "query" else "header"
    return call(kind, said["name"], secrets.named("KEY", "the key"))


def _bearer(said: Mapping[str, Any], secrets: _Secrets) -> Code:
    return call("bearer", secrets.named("TOKEN", "the token"))


def _basic(said: Mapping[str, Any], secrets: _Secrets) -> Code:
    return call("basic", said["username"], secrets.named("PASSWORD", "the password"))


def _headers(said: Mapping[str, Any], secrets: _Secrets) -> Code:
    return call("secret_headers", secrets.named("HEADERS", "the secret headers, as a JSON object"))


def _oauth2(said: Mapping[str, Any], secrets: _Secrets) -> Code:
    if said.get("grant") == "authorization_code":
        secrets.unsaid.append(f"{secrets.name}: signing in at its site. It takes an access token, and cannot renew it")
        return call("bearer", secrets.named("ACCESS_TOKEN", "an access token"))
    more = {name: said[name] for name in ("scope", "audience") if said.get(name)}
    return call(
        "client_credentials", said["token_url"], said["client_id"], secrets.named("CLIENT_SECRET", "the client's secret"),
        in_body=True if said.get("client_auth") == "body" else None, **more,
    )  # fmt: skip


_BY_TYPE = {"api_key": _api_key, "bearer": _bearer, "basic": _basic, "headers": _headers, "oauth2": _oauth2}

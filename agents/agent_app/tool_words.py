"""What pages call the params of tools: words, an example, and which of them stand together.

A param that has no words here is called what its schema calls it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

APPROVALS = "approvals"  # of single functions; it stands with that of the whole tool
_OWN = "integration="  # none is chosen
Text = Any  # a text, or one that is translated when it is shown


@dataclass(frozen=True, kw_only=True)
class Words:
    """``only``: conditions such as ``auth.type=api_key|basic``, all of which hold where the param means something; ``needed``: it
    must be filled in there. ``nothing``: the value of a choice that is the same as none. ``pairs``: an object as lines of
    ``name: value``."""

    label: Text = ""
    help: Text = ""
    example: str = ""
    rows: int = 0
    code: bool = False
    more: bool = False
    pairs: bool = False
    only: tuple[str, ...] = ()
    needed: bool = False
    nothing: str = ""
    empty: Text = "–"
    choices: Mapping[str, Text] | None = None


def _auth(kind: str, label: Text, help: Text = "", **more: Any) -> Words:
    return Words(label=label, help=help, only=(_OWN, f"auth.type={kind}", *more.pop("only", ())), **more)


_FUNCTION = """def gross(net: float, rate: float = 0.19) -> float:
    \"\"\"What is paid, with the tax on top.\"\"\"
    return round(net * (1 + rate), 2)
"""

_WORDS: dict[str, Words] = {
    "url": Words(
        label=_("Address"), example="https://api.example.com/orders/{{ order_id }}",
        help=_("What stands in {{ … }} is for the model to fill in: {{ order_id }} becomes a parameter."),
    ),
    "mcp:url": Words(label=_("Address"), example="https://mcp.example.com/mcp", help=_("Of the server, as streamable HTTP.")),
    "openapi:url": Words(
        label=_("Address of the description"), example="https://api.example.com/openapi.json",
        help=_("OpenAPI 3.0 or 3.1, as JSON or YAML."),
    ),
    "file_id": Words(label=_("Or a file"), help=_("The id of the description among the files."), more=True),
    "operations": Words(
        label=_("Operations"), help=_("Ids or “GET /path”, one a line. Empty: all."), example="getOrder\nGET /orders", rows=3
    ),
    "server": Words(label=_("Address of the API"), help=_("Only where it is not the one of the description."), more=True),
    "allowed_tools": Words(label=_("Its tools that may be called"), help=_("One a line. Empty: all that it has now."), rows=3),
    "method": Words(label=_("Method")),
    "query": Words(
        label=_("Query"), help=_("One a line, as name: value. What has no value is left out."), example="status: {{ status }}",
        pairs=True, rows=2,
    ),
    "headers": Words(label=_("Headers"), help=_("One a line, as name: value."), example="Accept: application/json", pairs=True, rows=2),
    "body": Words(
        label=_("Body"), example='{"order": "{{ order_id }}", "amount": "{{ amount }}"}', rows=4, code=True,
        help=_("JSON with {{ … }} in its texts; a text that is nothing else keeps its type. Without a body, all parameters are sent."),
    ),
    "body_type": Words(
        label=_("Sent as"), more=True, choices={"json": "JSON", "form": _("A form"), "text": _("Text")},
    ),
    "integration:url": Words(
        label=_("Address"), example="https://api.example.com", help=_("The host that it is for. Tools that use it call no other."),
    ),
    "integration": Words(
        label=_("Integration"), empty=_("None: it signs in by itself"),
        help=_("It says how to sign in, once for all tools at the same host."),
    ),
    "auth.type": Words(
        label=_("How it signs in"), nothing="none", empty=_("Not at all"), only=(_OWN,),
        choices={
            "api_key": _("With an API key"), "bearer": _("With a bearer token"), "basic": _("With name and password"),
            "oauth2": "OAuth 2.0", "headers": _("With secret headers"),
        },
    ),
    "auth.in": _auth("api_key", _("Where the key is sent"), choices={"header": _("In a header"), "query": _("In the query")}),
    "auth.name": _auth("api_key", _("Name of the header or parameter"), example="X-API-Key", needed=True),
    "auth.value": _auth("api_key", _("Key"), needed=True),
    "auth.token": _auth("bearer", _("Token"), needed=True),
    "auth.username": _auth("basic", _("User name"), needed=True),
    "auth.password": _auth("basic", _("Password")),
    "auth.headers": _auth(
        "headers", _("Secret headers"), _("A JSON object. What is masked stays as it is."), example='{"X-Key": "…"}', needed=True
    ),
    "auth.grant": _auth(
        "oauth2", _("Who agrees"),
        choices={"client_credentials": _("Nobody: the client itself"), "authorization_code": _("A person, on the site’s page")},
    ),
    "auth.client_id": _auth("oauth2", _("Client id"), _("From the site, where you registered Troupe."), needed=True),
    "auth.client_secret": _auth("oauth2", _("Client secret")),
    "auth.token_url": _auth("oauth2", _("Address for tokens"), example="https://auth.example.com/oauth/token", needed=True),
    "auth.authorize_url": _auth(
        "oauth2", _("Address where the person agrees"), example="https://auth.example.com/oauth/authorize",
        only=("auth.grant=authorization_code",), needed=True,
    ),
    "auth.scope": _auth("oauth2", _("Scopes"), _("With spaces between them."), example="orders:read orders:write"),
    "auth.audience": _auth("oauth2", _("Audience"), _("Only where the site asks for one.")),
    "auth.client_auth": _auth(
        "oauth2", _("How the client names itself"), choices={"basic": _("In a header"), "body": _("In the body")}
    ),
    "parameters": Words(
        label=_("Parameters"), more=True, code=True, rows=3,
        help=_("A JSON Schema of what the model fills in. Empty: the names in {{ … }}, each a text."),
        example='{"properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}',
    ),
    "function:parameters": Words(
        label=_("Parameters"), more=True, code=True, rows=3, help=_("A JSON Schema. Empty: what the signature says."),
    ),
    "response_path": Words(
        label=_("Part of the answer"), more=True, example="data.items[0]",
        help=_("Which part of a JSON answer the model is given. Empty: all of it."),
    ),
    "pre.model": Words(
        label=_("Model for the arguments"), more=True, help=_("Empty: the workspace’s default."), example="openai/gpt-4o-mini"
    ),
    "pre.prompt": Words(
        label=_("What a model makes of the arguments first"), more=True, rows=3,
        help=_("{{ input }} is what the agent asks with. Empty: it is sent as it is."),
    ),
    "post.model": Words(
        label=_("Model for the answer"), more=True, help=_("Empty: the workspace’s default."), example="openai/gpt-4o-mini"
    ),
    "post.prompt": Words(
        label=_("What a model makes of the answer"), more=True, rows=3,
        help=_("{{ output }} is what came back. Empty: the agent gets it as it is."),
    ),
    "approvals": Words(
        label=_("For single tools of the server"), pairs=True, rows=2, example="delete_order: always",
        help=_("One a line, as name: always or name: never; a condition is written as JSON. Others follow the rule above."),
    ),
    "hosted": Words(
        label=_("Run by the model’s provider"), more=True, help=_("A tool that asks people or that a guardrail checks is always ours."),
        choices={"auto": _("Where it can be, and nothing here asks for ours"), "always": _("Always"), "never": _("Never")},
    ),
    "timeout_s": Words(label=_("Seconds for a request, at most"), more=True),
    "retries": Words(label=_("Tries again, at most"), help=_("Only for methods that may be repeated."), more=True),
    "code": Words(label=_("Code"), rows=12, code=True, example=_FUNCTION),
    "packages": Words(label=_("Packages"), help=_("Beside the standard library, one a line. They must be installed with Troupe."), rows=2),
    "max_search_results": Words(label=_("Results, at most")),
    "domains": Words(label=_("Only from these sites"), help=_("One a line."), example="example.com", rows=2),
    "blocked_domains": Words(label=_("Never from these sites"), help=_("One a line."), rows=2),
    "time_range": Words(label=_("Not older than"), empty=_("Any age")),
    "content_type": Words(label=_("What is looked for"), empty=_("Anything")),
    "safe_search": Words(label=_("Safe search"), empty=_("As usual"), more=True),
    "region": Words(label=_("Country"), help=_("Its two letters."), example="DE", more=True),
    "provider": Words(label=_("Asked first"), empty=_("The best by key and cost"), more=True),
    "searxng_url": Words(label=_("A SearXNG of your own"), example="https://search.example.com", more=True),
    "fetch": Words(label=_("Read the pages that are found"), more=True),
    "allowed_commands": Words(label=_("Commands"), help=_("The only programs there, one a line. Empty: ls, cat, find."), rows=3),
    "blocked_paths": Words(label=_("Paths that are not there"), help=_("One a line. Empty: /etc, /usr, /home."), rows=3),
    "read_only": Words(label=_("Nothing can be written")),
    "max_execution_time": Words(label=_("Seconds for a command, at most")),
    "allowed_hosts": Words(
        label=_("Where its browser may go"), rows=2, example="example.com/docs\n*.example.org",
        help=_("Hosts, or pages below a path, one a line. Empty: it has no browser. Commands have no network in any case."),
    ),
    "agent_id": Words(label=_("Agent"), help=_("Whom to ask.")),
    "prompt": Words(
        label=_("Prompt"), rows=5, example="Is this review kind? {{ input }}",
        help=_("{{ input }} is what the agent asks. Where it is not named, it comes after the prompt."),
    ),
    "model": Words(label=_("Model"), help=_("Empty: the workspace’s default."), example="openai/gpt-4o-mini"),
    "image:model": Words(label=_("Model"), example="openai/gpt-image-1"),
    "temperature": Words(label=_("Temperature"), more=True),
    "max_tokens": Words(label=_("Longest answer, in tokens"), more=True),
    "size": Words(label=_("Size"), example="1024x1024"),
}  # fmt: skip

_SIGN_IN = _("Sign-in")
_GROUPS: dict[str, Text] = {"auth": _SIGN_IN, "integration": _SIGN_IN}
_NONE = Words()


def words_for(kind: str, path: str) -> Words:
    return _WORDS.get(f"{kind}:{path}") or _WORDS.get(path) or _NONE


def group_of(path: str) -> Text:
    """The heading that a param stands under; empty for those that need none."""
    return _GROUPS.get(path.partition(".")[0], "")

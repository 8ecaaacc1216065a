"""An OpenID Connect server, and GitHub's dialect of OAuth 2, on 127.0.0.1: discovery, authorize, token, userinfo, JWKS.

``with FakeOpenID() as site: site.person = {...}; … site.url``. It asks nobody: ``/authorize`` goes on at once as ``person``.
It is as strict as the real ones are: client, redirect address, PKCE and single use of codes are checked.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "troupe", "the-client's-secret"  # pragma: allowlist secret


@dataclass
class Grant:
    """A code that was given out, and what it is good for."""

    redirect_uri: str
    challenge: str
    nonce: str


class FakeOpenID:
    def __init__(self) -> None:
        self.person: dict[str, Any] = {
            "sub": "248289761001",
            "name": "Jane Doe",
            "given_name": "Jane",
            "family_name": "Doe",
            "email": "jane@example.com",
            "email_verified": True,
        }
        self.denies = False
        self.broken = False  # every answer is a 500
        self.claims: dict[str, Any] = {}  # put over those of the next ID tokens
        self.redirect_uris: set[str] = set()
        self.requests: list[str] = []
        self._grants: dict[str, Grant] = {}
        self._tokens: set[str] = set()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    # Endpoints: (status, body) or a place to go on to

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }

    def jwks(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]}

    def authorize(self, query: dict[str, str]) -> tuple[int, Any]:
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code":
            return 400, {"error": "invalid_request"}
        redirect_uri = query.get("redirect_uri", "")
        if self.redirect_uris and redirect_uri not in self.redirect_uris:
            return 400, {"error": "invalid_redirect_uri"}
        back = {"state": query.get("state", "")}
        if self.denies:
            return 302, f"{redirect_uri}?{urlencode(back | {'error': 'access_denied'})}"
        code = secrets.token_urlsafe(16)
        self._grants[code] = Grant(redirect_uri, query.get("code_challenge", ""), query.get("nonce", ""))
        return 302, f"{redirect_uri}?{urlencode(back | {'code': code})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        if not self._knows_client(form, authorization):
            return 401, {"error": "invalid_client"}
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.redirect_uri != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if not grant.challenge or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != grant.challenge:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        self._tokens.add(access)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": grant.nonce} | self.person
        id_token = jwt.encode(claims | self.claims, self._key, algorithm="RS256", headers={"kid": "1"})
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}

    def userinfo(self, authorization: str) -> tuple[int, Any]:
        known = authorization.partition(" ")[2] in self._tokens
        return (200, self.person) if known else (401, {"error": "invalid_token"})

    # GitHub's own

    def github_user(self, authorization: str) -> tuple[int, Any]:
        status, person = self.userinfo(authorization)
        return (
            (200, {"id": 583231, "login": "jane", "name": person["name"], "email": None})
            if status == 200
            else (401, {})
        )

    def github_emails(self, authorization: str) -> tuple[int, Any]:
        status, person = self.userinfo(authorization)
        address = {"email": person.get("email"), "verified": person.get("email_verified"), "primary": True}
        return (200, [address]) if status == 200 else (401, {})

    def _knows_client(self, form: dict[str, str], authorization: str) -> bool:
        given = (form.get("client_id"), form.get("client_secret"))
        if authorization.lower().startswith("basic "):
            name, _colon, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            given = (name, secret)
        return given == (CLIENT_ID, CLIENT_SECRET)


def _handler(site: FakeOpenID) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            authorization = self.headers.get("Authorization", "")
            match url.path:
                case "/.well-known/openid-configuration":
                    self._answer(200, site.discovery())
                case "/jwks":
                    self._answer(200, site.jwks())
                case "/authorize" | "/login/oauth/authorize":
                    self._answer(*site.authorize(query))
                case "/userinfo":
                    self._answer(*site.userinfo(authorization))
                case "/api/v3/user":
                    self._answer(*site.github_user(authorization))
                case "/api/v3/user/emails":
                    self._answer(*site.github_emails(authorization))
                case _:
                    self._answer(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if self.path in ("/token", "/login/oauth/access_token"):
                self._answer(*site.token(form, self.headers.get("Authorization", "")))
            else:
                self._answer(404, {})

        def _answer(self, status: int, content: Any) -> None:
            site.requests.append(f"{self.command} {self.path}")
            if site.broken:
                status, content = 500, {}
            self.send_response(status)
            body = b""
            if status == 302:
                self.send_header("Location", content)
            else:
                body = json.dumps(content).encode()
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet: tests read ``requests``."""

    return Handler

"""Signing in through other sites: those whose keys are in the environment."""

from typing import Any
from urllib.parse import urlsplit

from config.env import Env

Providers = dict[str, dict[str, Any]]

_GOOGLE_ORIGIN = "https://accounts.google.com"
_GITHUB_ORIGIN = "https://github.com"


def sign_in_providers(env: Env) -> Providers:
    """``SOCIALACCOUNT_PROVIDERS``: only what is configured is offered."""
    found: Providers = {}
    if env.GOOGLE_CLIENT_ID:
        found["google"] = {
            "APPS": [_app(env.GOOGLE_CLIENT_ID, env.GOOGLE_CLIENT_SECRET.get_secret_value())],
            "SCOPE": ["profile", "email"],
            "OAUTH_PKCE_ENABLED": True,
        }
    if env.GITHUB_CLIENT_ID:
        found["github"] = {
            "APPS": [_app(env.GITHUB_CLIENT_ID, env.GITHUB_CLIENT_SECRET.get_secret_value())],
            "SCOPE": ["read:user", "user:email"],
            "OAUTH_PKCE_ENABLED": True,
        }
    if env.OIDC_CLIENT_ID:
        secret = env.OIDC_CLIENT_SECRET.get_secret_value()
        app = _app(env.OIDC_CLIENT_ID, secret) | {"provider_id": "oidc", "name": env.OIDC_NAME}
        found["openid_connect"] = {
            "APPS": [app | {"settings": {"server_url": env.OIDC_SERVER_URL}}],
            "OAUTH_PKCE_ENABLED": True,
        }
    return found


def sign_in_origins(env: Env) -> list[str]:
    """Where a sign-in form may lead on to: browsers hold the redirect after a form against ``form-action``."""
    found = []
    if env.GOOGLE_CLIENT_ID:
        found.append(_GOOGLE_ORIGIN)
    if env.GITHUB_CLIENT_ID:
        found.append(_GITHUB_ORIGIN)
    if env.OIDC_CLIENT_ID:
        url = urlsplit(env.OIDC_SERVER_URL)
        found.append(f"{url.scheme}://{url.netloc}")
    return found


def _app(client_id: str, secret: str) -> dict[str, Any]:
    return {"client_id": client_id, "secret": secret}

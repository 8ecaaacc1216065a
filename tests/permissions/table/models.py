"""Models, providers and keys."""

from tests.permissions.table.line import Line

NO_KEY = "none"  # stands where a key of a provider would

TABLE = [
    Line("GET", "providers/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("POST", "providers/", (201, 201, 403, 403, 404, 401), {"type": "openai", "name": "OpenAI"}, scope="admin"),
    Line("GET", "providers/{provider}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "providers/{provider}/", (200, 200, 403, 403, 404, 401), {"name": "Other"}, scope="admin"),
    Line(
        "PUT",
        "providers/{provider}/",
        (200, 200, 403, 403, 404, 401),
        {"type": "openai", "name": "Other", "base_url": "http://127.0.0.1:9/v1"},
        scope="admin",
    ),
    Line("DELETE", "providers/{provider}/", (204, 204, 403, 403, 404, 401), scope="admin"),
    Line("GET", "models/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line(
        "POST", "models/", (201, 201, 403, 403, 404, 401), {"provider_id": "{provider}", "model": "new"}, scope="admin"
    ),
    Line("GET", "models/{model}/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("PATCH", "models/{model}/", (200, 200, 403, 403, 404, 401), {"max_output": 9}, scope="admin"),
    Line("PUT", "models/{model}/", (200, 200, 403, 403, 404, 401), {"max_output": 9}, scope="admin"),
    Line("DELETE", "models/{model}/", (204, 204, 403, 403, 404, 401), scope="admin"),
    # Its provider is a port nobody listens on: that is what the test says.
    Line("POST", "models/{model}/test/", (200, 200, 403, 403, 404, 401), scope="admin"),
    Line("GET", "models/providers/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "models/providers/{slug}/models/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "models/providers/{slug}/capabilities/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "models/providers/{slug}/stats/", (200, 200, 200, 200, 404, 401), scope="agents:read"),
    Line("GET", "users/api-keys/", (200, 200, 200, 200, 404, 401)),
    Line(
        "POST",
        "users/api-keys/",
        (201, 201, 403, 403, 404, 401),
        {"provider": "openai", "api_key": NO_KEY, "scope": "workspace", "skip_test": True},
    ),
    Line("GET", "users/api-keys/{key}/", (200, 200, 200, 200, 404, 401)),
    Line("PATCH", "users/api-keys/{key}/", (200, 200, 403, 403, 404, 401), {"name": "New"}),
    Line("DELETE", "users/api-keys/{key}/", (204, 204, 403, 403, 404, 401)),
]

PAGES = [
    Line("GET", "/models/", (200, 200, 200, 200, 200, 302)),
    Line(
        "POST",
        "/models/",
        (302, 302, 403, 403, 422, 302),
        {"provider_id": "{provider}", "model": "new"},
    ),
    Line("GET", "/models/catalogue/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/models/{model}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/models/{model}/test/", (302, 302, 403, 403, 404, 302)),
    Line("POST", "/models/{model}/delete/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/models/keys/", (200, 200, 200, 200, 200, 302)),
    Line(
        "POST",
        "/models/keys/",
        (302, 302, 422, 422, 302, 302),
        {
            "provider": "openai",
            "api_key": NO_KEY,
            "scope": "workspace",
            "purpose": "model",
            "skip_test": "on",
        },
    ),
    Line("POST", "/models/keys/{key}/delete/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/models/providers/", (200, 200, 200, 200, 200, 302)),
    Line(
        "POST",
        "/models/providers/",
        (302, 302, 403, 403, 302, 302),
        {"type": "openai", "name": "OpenAI", "models": "m", "default_model": "m"},
    ),
    Line("GET", "/models/providers/{provider}/", (200, 200, 200, 200, 404, 302)),
    Line("POST", "/models/providers/{provider}/", (422, 422, 403, 403, 404, 302), {"name": "a/b"}),
    Line("POST", "/models/providers/{provider}/test/", (302, 302, 403, 403, 404, 302)),
    Line("POST", "/models/providers/{provider}/delete/", (302, 302, 403, 403, 404, 302)),
    Line("GET", "/models/providers/{provider}/delete/", (200, 200, 403, 403, 404, 302)),
]

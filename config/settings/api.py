"""REST framework and its schema."""

from config.env import env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "community.api.authentication.ApiTokenAuthentication",
        "community.api.authentication.AccessTokenAuthentication",
        "community.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["config.lib.http.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.lib.http.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.lib.lists.Pagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["config.lib.http.ApiThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.lib.http.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
THROTTLE_API = env.THROTTLE_API
THROTTLE_ANONYMOUS = env.THROTTLE_ANONYMOUS
THROTTLE_LOGIN = env.THROTTLE_LOGIN
THROTTLE_REGISTER = env.THROTTLE_REGISTER
THROTTLE_INVITATION = env.THROTTLE_INVITATION
THROTTLE_RUNS = env.THROTTLE_RUNS
THROTTLE_AGENT_RUNS = env.THROTTLE_AGENT_RUNS
THROTTLE_TRIALS = env.THROTTLE_TRIALS

SPECTACULAR_SETTINGS = {
    "TITLE": "Troupe API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Define, run and share AI agents. Errors are application/problem+json (RFC 9457).",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.lib.schema.describe_common"],
    "ENUM_NAME_OVERRIDES": {
        "RunStatus": "agent_app.models.RunStatus",
        "Role": "community.models.Role",
        "Scope": "community.policies.SCOPES",
        "AgentStatus": "agent_app.models.AgentStatus",
        "FileStatus": "community.models.FileStatus",
        "NotificationKind": "community.models.NotificationKind",
        "EntryKind": "billing.models.EntryKind",
        "SignInKind": ["browser", "program"],
        "SpanType": "agent_app.models.SpanType",
        "ProviderType": "agent_app.provider_types.LABELS",
        "GuardrailStage": "agent_app.guardrails.registry.STAGES",
    },
}

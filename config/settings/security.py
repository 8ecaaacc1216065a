"""The security baseline: transport, cookies, headers, content security policy, CORS, outbound requests."""

from csp.constants import NONCE, NONE, SELF

from config.env import env
from config.settings.providers import sign_in_origins

# These three look for middleware by its name in Django; ours are subclasses (config/on_loop.py), and tests/security/ looks at
# the headers themselves.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]

SECURE_SSL = env.SECURE_SSL and env.production
SECURE_SSL_REDIRECT = SECURE_SSL
SECURE_REDIRECT_EXEMPT = [r"^health"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.TRUSTED_PROXY_COUNT else None
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
CSRF_TRUSTED_ORIGINS = env.CSRF_TRUSTED_ORIGINS
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF, *sign_in_origins(env)],
        "frame-ancestors": [NONE],
    }
}

CORS_ALLOWED_ORIGINS = env.CORS_ALLOWED_ORIGINS
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key", "last-event-id", "prefer", "x-workspace"]
CORS_EXPOSE_HEADERS = ["x-request-id", "retry-after"]

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

OUTBOUND_ALLOWED_HOSTS = env.OUTBOUND_ALLOWED_HOSTS
CHROMIUM = env.CHROMIUM
OUTBOUND_ALLOW_LOOPBACK_PROVIDERS = env.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS

"""Apps, middleware, templates, database, cache: the parts every process shares."""

from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from config.env import BASE_DIR as BASE_DIR
from config.env import INSECURE_SECRET_KEY, env

DEBUG = env.DEBUG
SECRET_KEY = env.SECRET_KEY.get_secret_value()
FIELD_ENCRYPTION_KEYS = [key for key in env.FIELD_ENCRYPTION_KEY.get_secret_value().split(",") if key]

if env.production:
    if SECRET_KEY == INSECURE_SECRET_KEY or len(SECRET_KEY) < 32:
        raise ImproperlyConfigured("Production needs its own SECRET_KEY of at least 32 characters.")
    if DEBUG:
        raise ImproperlyConfigured(
            "Production does not start with DEBUG on. Unset DEBUG, or set ENVIRONMENT=development."
        )
    if not FIELD_ENCRYPTION_KEYS:
        raise ImproperlyConfigured("Production needs FIELD_ENCRYPTION_KEY: the URL-safe base64 of 32 random bytes.")

ALLOWED_HOSTS = env.ALLOWED_HOSTS
BASE_URL = env.BASE_URL
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "servestatic",
    "django.contrib.humanize",
    "django.forms",
    "channels",
    "corsheaders",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.openid_connect",
    "config.ui",
    "community",
    "billing",
    "knowledge",
    "agent_app",
    "workflows",
]

# config.on_loop: Django's and django-csp's own classes, without a turn over a thread for each on an asynchronous server.
MIDDLEWARE = [
    "config.middleware.request_context",
    "config.middleware.problem_pages",
    "config.on_loop.SecurityMiddleware",
    "config.on_loop.CSPMiddleware",
    "config.on_loop.ServeStaticMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.on_loop.SessionMiddleware",
    "config.on_loop.LocaleMiddleware",
    "config.on_loop.CommonMiddleware",
    "config.on_loop.CsrfViewMiddleware",
    "config.on_loop.AuthenticationMiddleware",
    "config.on_loop.MessageMiddleware",
    "config.on_loop.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.ui.context.shell",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Each thread keeps its connection; the pool of database threads (config/lib/db.py) bounds their number in a process.
DATABASES = {"default": {**env.database, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": False}}
DATABASE_THREADS = env.DATABASE_POOL_SIZE
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.REDIS_URL
# Seconds: whoever asks Valkey for something can do without. Tests have more patience, for a busy machine is not what they look at.
VALKEY_PATIENCE = 30.0 if env.ENVIRONMENT == "test" else 1.0
_PATIENT = {"socket_timeout": VALKEY_PATIENCE, "socket_connect_timeout": VALKEY_PATIENCE}
_VALKEY = {"LOCATION": REDIS_URL, "OPTIONS": _PATIENT}
CACHES = {
    "default": {"BACKEND": "config.cache.ForgivingRedisCache", "KEY_PREFIX": "cache", **_VALKEY},
    "sessions": {"BACKEND": "config.cache.SessionCache", "KEY_PREFIX": "sessions", **_VALKEY},
}
# The layer waits five seconds for a message at a time, which the client's own limit must not cut short; a connection that died
# with its server is made anew within the same command.
_CHANNELS = {
    "address": REDIS_URL, "socket_timeout": 15.0, "socket_connect_timeout": VALKEY_PATIENCE, "retry": Retry(NoBackoff(), 1),
}  # fmt: skip
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "config.channel_layer.ChannelLayer",
        "CONFIG": {"hosts": [_CHANNELS], "prefix": "channels", "capacity": 1000},
    }
}

LANGUAGE_CODE = "en"
# Each by its own name. All but the first have a catalogue in locale/ (docs/translation.md).
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

EMAIL_BACKEND = "config.email.EnvironmentBackend"
EMAIL_URL = env.EMAIL_URL
DEFAULT_FROM_EMAIL = env.DEFAULT_FROM_EMAIL

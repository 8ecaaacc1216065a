"""Logs: JSON lines on standard error; Sentry where a DSN is given."""

from config.env import env

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.lib.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.LOG_LEVEL},
    "loggers": {
        # Our own access line (config/middleware.py) says the same with ids and duration.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "daphne.http_protocol": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "openai.agents": {"level": "WARNING"},
    },
}

if env.SENTRY_DSN:
    import sentry_sdk

    sentry_sdk.init(
        dsn=env.SENTRY_DSN, send_default_pii=False, include_local_variables=False, max_request_body_size="never"
    )

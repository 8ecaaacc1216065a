"""The run pipeline's numbers (seconds unless named otherwise), and the local model."""

from config.env import env

BILLING_MODE = env.BILLING_MODE
BILLING_OWN_KEY = env.BILLING_OWN_KEY
HOLD_LEASE = 600.0
LIMIT_CONCURRENT_RUNS = env.LIMIT_CONCURRENT_RUNS
LOCAL_MODEL_URL = env.LOCAL_MODEL_URL

RUN_LEASE = 15.0
RUN_HEARTBEAT = 5.0
RUN_ACTIVE_TIME = 600.0
RUN_FLUSH_INTERVAL = 1.0
RUN_DELTA_INTERVAL = 0.020
RUN_STREAM_EXPIRY = 15 * 60
RUN_MAX_TAKEOVERS = 2
RUN_REENQUEUE_AFTER = 10.0
RUN_SHUTDOWN_GRACE = 5.0
RUN_WAIT = 60.0
APPROVAL_WAIT = 72 * 3600.0
APPROVAL_REMINDER = 24 * 3600.0  # after it was asked
RUN_STREAM_LIMIT = 300.0
RUN_PING_INTERVAL = 15.0
LIVE_RECHECK = 30.0  # how soon an open socket learns that its sign-in is over where nobody told it
PROVIDER_CONNECT_TIMEOUT = 10.0
PROVIDER_STALL_TIMEOUT = 90.0
PROVIDER_RETRY_DELAY = 0.5  # before the first repetition; doubled for each after it
PROVIDER_TEST_TIMEOUT = 20.0  # one question of a test

# Where spans are exported to (``agent_app/runs/otlp.py``), and whether with what was said in them. Empty: nowhere.
OTEL_EXPORTER_OTLP_ENDPOINT = env.OTEL_EXPORTER_OTLP_ENDPOINT
OTEL_EXPORTER_OTLP_HEADERS = env.OTEL_EXPORTER_OTLP_HEADERS.get_secret_value()
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT = env.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT

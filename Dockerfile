# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS frontend
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM python:3.13-slim-bookworm AS packages
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv>=0.9"
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev

FROM packages AS sandbox-packages
RUN uv sync --frozen --no-dev --group sandbox

FROM python:3.13-slim-bookworm AS application
# ca-certificates: the model providers' clients trust the system's certificates. bubblewrap: the sandbox worker.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin troupe \
    && install --directory --owner troupe /var/lib/troupe
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    VAR_DIR=/var/lib/troupe
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY . .
COPY --from=frontend /app/static/dist static/dist
# The settings of this one step need no secret: production ones would refuse to load without.
RUN python -m deploy.messages compile \
    && ENVIRONMENT=development python manage.py collectstatic --noinput --verbosity 0
USER troupe
VOLUME /var/lib/troupe
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", \
     "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "10", "--forwarded-allow-ips", "*"]

# The sandbox worker's: with the browser of tools of type computer. `docker build --target sandbox`
FROM application AS sandbox
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core fonts-noto-core \
    && rm -rf /var/lib/apt/lists/*
COPY --from=sandbox-packages /app/.venv .venv
USER troupe

FROM application

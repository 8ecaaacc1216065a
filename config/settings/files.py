"""Files: where they lie, who scans them, how large they may be."""

from botocore.config import Config

from config.env import env

VAR_DIR = env.VAR_DIR
FILE_MAX_BYTES = 25 * 2**20
FILE_MAX_UPLOADS = 20
# A whole request: what no handler of ours would take is not even read to its end (config/body.py).
REQUEST_MAX_BYTES = 4 * 2**20
REQUEST_MAX_UPLOAD_BYTES = 200 * 2**20
WORKSPACE_STORED_BYTES = env.WORKSPACE_STORED_MB * 2**20

CLAMD_URL = env.CLAMD_URL
CLAMD_TIMEOUT = 30.0

_LOCAL = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": env.VAR_DIR / "files",
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    },
}
S3_STORAGE = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": env.S3_BUCKET,
        "endpoint_url": env.S3_ENDPOINT_URL or None,
        "region_name": env.S3_REGION or None,
        "access_key": env.S3_ACCESS_KEY_ID or None,
        "secret_key": env.S3_SECRET_ACCESS_KEY.get_secret_value() or None,
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": True,  # keys are never used twice; otherwise each upload asks first whether its key is free
        "client_config": Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if env.S3_ENDPOINT_URL else "auto"},
            connect_timeout=3,
            read_timeout=15,
            retries={"max_attempts": 2},
        ),
    },
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.ui.storage.StaticStorage"},
    "files": S3_STORAGE if env.S3_BUCKET else _LOCAL,
}

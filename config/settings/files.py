"""Files: where they lie, who scans them, how large they may be."""

from config.env import env

if env.S3_BUCKET:  # its client takes half a second to load
    from config.settings.s3 import S3_STORAGE

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
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.ui.storage.StaticStorage"},
    "files": S3_STORAGE if env.S3_BUCKET else _LOCAL,
}

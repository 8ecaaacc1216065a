"""S3 as the place of files."""

from botocore.config import Config

from config.env import env

S3_STORAGE = {
    "BACKEND": "community.files.s3.S3Files",
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

"""People: who they are and how they sign in."""

import hashlib
import hmac
from datetime import timedelta

from config.env import env
from config.settings.providers import sign_in_providers

AUTH_USER_MODEL = "community.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "handle", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "community.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "community.adapters.SocialAccountAdapter"
MFA_ADAPTER = "community.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Troupe"
MFA_TOTP_TOLERANCE = 1  # a code typed at the end of its half minute; community/second_factor.py lets each count once
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # community/second_factor.py asks more precisely
MFA_FORMS = {
    "authenticate": "community.second_factor.AuthenticateForm",
    "reauthenticate": "community.second_factor.ReauthenticateForm",
    "activate_totp": "community.second_factor.ActivateForm",
}

SOCIALACCOUNT_PROVIDERS = sign_in_providers(env)
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
# An address that another site vouches for never opens an account that is here already.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
ACCOUNT_SIGNUP_FORM_CLASS = "community.forms.NameForm"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env.EMAIL_VERIFICATION
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that has just signed up, and in no other
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_FORMS = {
    "add_email": "community.address.NewAddressForm",
    "change_password": "community.password_forms.ChangePasswordForm",  # pragma: allowlist secret
    "set_password": "community.password_forms.SetPasswordForm",  # pragma: allowlist secret
    "reset_password_from_key": "community.password_forms.ResetPasswordKeyForm",  # pragma: allowlist secret
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = None  # each person chooses at sign-in
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = env.BASE_URL.partition("://")[0]
ALLAUTH_TRUSTED_PROXY_COUNT = env.TRUSTED_PROXY_COUNT
ALLAUTH_RATE_LIMIT_IPV6_PREFIX = 56  # config/lib/callers.py
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# The same limits as the API's. Wrong passwords are counted by community/attempts.py; "login_failed" is left for codes of
# the second step, which only who knows the password can try.
ACCOUNT_RATE_LIMITS = {
    "login": f"{env.THROTTLE_LOGIN}/m/ip" if env.THROTTLE_LOGIN else None,
    "login_failed": "10/300s/key",
    "signup": f"{env.THROTTLE_REGISTER}/m/ip" if env.THROTTLE_REGISTER else None,
}

# Known to everybody who reads this; `manage.py seed_demo` refuses to run without it.
DEMO_PASSWORD = "" if env.production else "troupe-demo-2026"  # pragma: allowlist secret

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = timedelta(days=14)
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    # A key of its own, derived: what signs tokens signs nothing else.
    "SIGNING_KEY": hmac.new(env.SECRET_KEY.get_secret_value().encode(), b"troupe.jwt.v1", hashlib.sha256).hexdigest(),
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "typ",
    "ISSUER": "troupe",
}

"""The language people read: the one they chose, else the one their browser asks for.

A choice is kept on the account and in a cookie, where Django's middleware finds it without asking the database.
"""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from community.models import User

_YEAR = 365 * 86400


def of_person(user: User) -> translation.override:
    """What is written within goes to ``user``, whoever causes it."""
    return translation.override(user.language or settings.LANGUAGE_CODE)


def on_page(user: User) -> translation.override:
    """What is written within is shown to ``user`` in this browser."""
    return translation.override(user.language or translation.get_language() or settings.LANGUAGE_CODE)


def of_address(email: str) -> translation.override:
    """What is written within goes to ``email``: to whoever has it, else to somebody who asked for it. One query."""
    user = User.objects.filter(email=email.strip().lower()).only("language").first()
    return on_page(user or User())


def of_newcomer() -> str:
    """What to remember of somebody who registers: nothing where they read the language that everybody gets."""
    language = translation.get_language() or ""
    return language if language in dict(settings.LANGUAGES) and language != settings.LANGUAGE_CODE else ""


def remember(response: HttpResponseBase, language: str) -> None:
    """In the browser. Empty: let it ask."""
    if not language:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_YEAR,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def remembered(request: HttpRequest) -> str:
    return request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")

"""The switch of languages in the frame of every page."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from community import languages
from community.models import User
from community.models.people import known_language
from community.services import people
from config.lib.errors import InvalidInput


@require_POST
def language_choose(request: HttpRequest) -> HttpResponse:
    """Choose a language and come back to the page. Who is signed in finds it in their next browser too."""
    language = request.POST.get("language", "")
    try:
        known_language(language)
    except ValidationError as error:
        raise InvalidInput(errors={"language": error.messages}) from error
    if isinstance(request.user, User):
        people.person_update(user=request.user, changes={"language": language})
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if ours else "/")
    languages.remember(response, language)
    return response

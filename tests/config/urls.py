"""Addresses for tests of the handler and the middleware alone."""

import threading

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import SimpleTemplateResponse
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from config import views
from config.lib import errors


def ordinary(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"thread": threading.current_thread().name, "language": get_language()})


class Late(SimpleTemplateResponse):
    """Says where it was rendered."""

    @property
    def rendered_content(self) -> str:
        return threading.current_thread().name


def late(request: HttpRequest) -> HttpResponse:
    return Late("none")


async def asynchronous(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"thread": threading.current_thread().name, "language": get_language()})


def refusing(request: HttpRequest) -> HttpResponse:
    raise errors.Conflict("Somebody else saved it.")


def breaking(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the database password is hunter2")


@require_POST
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("form/", form),
    path("ordinary/", ordinary),
    path("asynchronous/", asynchronous),
    path("late/", late),
    path("refusing/", refusing),
    path("api/refusing/", refusing),
    path("api/breaking/", breaking),
    path("api/changing/", ordinary),
]
handler404 = views.page_not_found
handler500 = views.server_error

"""allauth's pages about addresses, where ours do otherwise."""

from typing import Any

from allauth.account.models import EmailConfirmationMixin
from allauth.account.views import ConfirmEmailView as AllauthConfirmEmailView
from allauth.account.views import EmailView as AllauthEmailView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from community.address import tell_too_soon


class ConfirmEmailView(AllauthConfirmEmailView):  # type: ignore[misc]  # allauth is not typed
    def logout_other_user(self, confirmation: EmailConfirmationMixin) -> None:
        """Nobody is signed out. allauth does that to whoever opens the link of somebody else, who may have sent it for that."""

    def post(self, *args: Any, **options: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().post(*args, **options)
        except Http404:  # used, or too old: its page says so
            return redirect(self.request.path)
        return response


class EmailView(AllauthEmailView):  # type: ignore[misc]
    def _action_send(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse | None:
        response: HttpResponse | None = super()._action_send(request, *args, **options)
        if self._get_email_address(request) and not self._did_send_verification_email:
            tell_too_soon(request)
        return response


confirm_email = ConfirmEmailView.as_view()
email = EmailView.as_view()

"""API tokens of the workspace."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import access, selectors
from community.api.auth import parsed
from community.api.authentication import identify
from community.api.serializers_members import ApiTokenInput, ApiTokenOutput, NewApiTokenOutput
from community.services import api_tokens
from config.lib import lists

_ORDERINGS = ("created_at", "name", "expires_at")


class TokensView(APIView):
    @lists.describe("tokens_list", ApiTokenOutput, tags=["people"], search=True, orderings=_ORDERINGS)
    def get(self, request: Request) -> Response:
        """The workspace's tokens, whoever made them. The tokens themselves cannot be had again."""
        rows = selectors.token_list(identify(request)).search(lists.text(request))
        rows = rows.order_by(*lists.in_order(request, _ORDERINGS, "-created_at"))
        return lists.answer(request, rows, ApiTokenOutput)

    @extend_schema(
        operation_id="tokens_create", tags=["people"], request=ApiTokenInput, responses={201: NewApiTokenOutput}
    )
    def post(self, request: Request) -> Response:
        """`token` is in this answer and nowhere else. It acts for its maker, within its scopes, until it ends."""
        actor = identify(request, "token.write")
        token, text = api_tokens.token_create(actor=actor, **parsed(ApiTokenInput, request))
        answer = {**ApiTokenOutput(token).data, "token": text}
        return Response(answer, status=status.HTTP_201_CREATED)


class TokenView(APIView):
    @extend_schema(operation_id="tokens_read", tags=["people"], responses={200: ApiTokenOutput})
    def get(self, request: Request, token_id: UUID) -> Response:
        return Response(ApiTokenOutput(access.get_token(identify(request), token_id)).data)

    @extend_schema(operation_id="tokens_revoke", tags=["people"], responses={204: None})
    def delete(self, request: Request, token_id: UUID) -> Response:
        actor = identify(request)
        api_tokens.token_revoke(actor=actor, token=access.get_token(actor, token_id, "token.write"))
        return Response(status=status.HTTP_204_NO_CONTENT)

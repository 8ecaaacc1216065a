"""People's pictures."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community.api.people import person
from community.api.serializers import MeSerializer
from community.files import storage
from community.services import avatars


class AvatarInput(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="PNG, JPEG, WebP or GIF, up to 10 MB and 25 million pixels.")


class MyAvatarView(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="users_me_avatar",
        tags=["people"],
        request={"multipart/form-data": AvatarInput},
        responses={200: MeSerializer},
    )
    def post(self, request: Request) -> Response:
        """Shown to everybody the person works with, once it is checked for viruses. The one before is deleted.

        Kept as a square of at most 512 pixels, without what else was in the file (where and with what it was taken).
        """
        user = person(request)
        return Response(MeSerializer(avatars.avatar_set(user=user, upload=request.FILES.get("file"))).data)

    @extend_schema(operation_id="users_me_avatar_remove", tags=["people"], responses={204: None})
    def delete(self, request: Request) -> Response:
        avatars.avatar_remove(user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AvatarView(APIView):
    @extend_schema(
        operation_id="avatars_read",
        tags=["people"],
        responses={(200, "image/*"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, file_id: UUID) -> HttpResponse:
        """The address in `avatar`. For people who share a workspace with whom it shows."""
        file = avatars.avatar_find(user=person(request, by_token=True), file_id=file_id)
        with storage.read(file.key) as stream:
            answer = HttpResponse(stream.read(), content_type=file.mime)
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, max-age=86400, immutable"  # another picture has another address
        return answer

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever ``Accept`` says: a picture is what it is."""
        return super().perform_content_negotiation(request, force=True)

"""Files: uploads, the list, one file, its content."""

from collections.abc import AsyncIterator
from typing import IO, Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from community import access
from community.api.authentication import identify
from community.api.serializers_files import FileSerializer, StoredSerializer, UploadedSerializer, UploadInput
from community.files import links, staging, storage
from community.files.staging import Staged, StagingHandler
from community.models import FileStatus, StoredFile
from community.services import files
from config.lib import lists
from config.lib.errors import AppError, InvalidInput
from config.lib.http import problem_document

_ORDERINGS = ("created_at", "name", "size")


class _Receiving(APIView):
    """Takes multipart uploads to disk while they are parsed."""

    parser_classes = (MultiPartParser,)
    staging: StagingHandler

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.staging = StagingHandler(request)
        request.upload_handlers = [self.staging]  # before anybody reads the body, as the CSRF check does
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Called whatever happened before: also where the sender was refused after the body was read."""
        self.staging.discard()
        return super().finalize_response(request, response, *args, **kwargs)

    def upload(self, request: Request) -> Response:
        """Keep what came; one answer for each file, in their order. All refused: the first one's status."""
        actor = identify(request)
        actor.require("file.write")
        _parsed = request.data
        if not self.staging.received:
            wanted = [_("Send at least one file in this field.")]
            raise InvalidInput(_("Some fields are not valid."), errors={staging.FIELD: wanted})
        results = [(name, self._keep(actor, received)) for name, received in self.staging.received]
        kept = [result for _name, result in results if isinstance(result, StoredFile)]
        answers = [_answer(name, result) for name, result in results]
        if not kept:
            error = next(result for _name, result in results if isinstance(result, AppError))
            error.extra["results"] = answers
            raise error
        return Response({"results": answers}, status=status.HTTP_201_CREATED)

    @staticmethod
    def _keep(actor: access.Actor, received: Staged | AppError) -> StoredFile | AppError:
        if isinstance(received, AppError):
            return received
        try:
            return files.file_store(actor=actor, staged=received)
        except AppError as error:
            return error


def _answer(name: str, result: StoredFile | AppError) -> dict[str, Any]:
    if isinstance(result, AppError):
        return problem_document(result) | {"name": name}
    return dict(StoredSerializer(result).data)


class FilesView(_Receiving):
    @lists.describe(
        "files_list",
        FileSerializer,
        tags=["files"],
        search=True,
        orderings=_ORDERINGS,
        filters=[
            lists.parameter("status", enum=FileStatus.values),
            lists.parameter("mime", description="Exactly this type: `image/png`."),
            lists.parameter("uploader", OpenApiTypes.UUID),
        ],
    )
    def get(self, request: Request) -> Response:
        actor = identify(request)
        actor.require("file.read")
        wanted = {
            "status": lists.choice(request, "status", FileStatus.values),
            "mime": lists.text(request, "mime"),
            "uploader_id": lists.identifier(request, "uploader"),
        }
        rows = StoredFile.objects.in_workspace(actor.workspace_id).kept().search(lists.text(request))
        rows = rows.filter(**{name: value for name, value in wanted.items() if value}).select_related("uploader")
        rows = rows.order_by(*lists.in_order(request, _ORDERINGS, "-created_at"))
        return lists.answer(request, rows, FileSerializer, lambda _page: {"actor": actor})

    @extend_schema(
        operation_id="files_create",
        tags=["files"],
        request={"multipart/form-data": UploadInput},
        responses={201: UploadedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Several files at once; each is kept or refused by itself (`results` are files or problems)."""
        return self.upload(request)


class UploadView(_Receiving):
    @extend_schema(
        operation_id="files_upload",
        tags=["files"],
        request={"multipart/form-data": UploadInput},
        responses={201: UploadedSerializer},
    )
    def post(self, request: Request) -> Response:
        """The same as POST /files/."""
        return self.upload(request)


class FileView(APIView):
    @extend_schema(operation_id="files_read", tags=["files"], responses={200: FileSerializer})
    def get(self, request: Request, file_id: UUID) -> Response:
        actor = identify(request)
        return Response(FileSerializer(access.get_file(actor, file_id), context={"actor": actor}).data)

    @extend_schema(operation_id="files_delete", tags=["files"], responses={204: None})
    def delete(self, request: Request, file_id: UUID) -> Response:
        """Its uploader may, and editors and above."""
        actor = identify(request)
        files.file_delete(actor=actor, file=access.get_file(actor, file_id, "file.write"))
        return Response(status=status.HTTP_204_NO_CONTENT)


class FileContentView(APIView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever ``Accept`` says: a file is what it is."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="files_content",
        tags=["files"],
        parameters=[OpenApiParameter("signature", str, required=True, description="From `download_url`.")],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="Where the storage hands it out."),
        },
    )
    def get(self, request: Request, file_id: UUID) -> HttpResponseBase:
        """The address in `download_url`: good for five minutes and for the person it was made for."""
        actor = identify(request)
        file = access.get_file(actor, file_id)
        links.check(actor, file, request.query_params.get("signature", ""))
        disposition = content_disposition_header(True, file.name) or "attachment"
        elsewhere = storage.presigned(file.key, disposition=disposition, mime=file.mime, seconds=60)
        if elsewhere is not None:
            answer: HttpResponseBase = HttpResponseRedirect(elsewhere)
        else:
            answer = StreamingHttpResponse(_Chunks(storage.read(file.key)), content_type=file.mime)
            answer["Content-Length"] = str(file.size)
            answer["Content-Disposition"] = disposition
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        return answer


class _Chunks:
    """Asynchronous, because Django reads an ordinary iterator whole into memory before it sends the first byte.

    Django closes it with the answer, also where nobody has read any of it.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = sync_to_async(self._stream.read, thread_sensitive=False)
        while chunk := await read(storage.CHUNK):
            yield chunk

    def close(self) -> None:
        self._stream.close()

"""What the endpoints of files take and answer."""

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from community.files import links
from community.models import StoredFile


class UploadInput(serializers.Serializer[Any]):
    file = serializers.ListField(child=serializers.FileField(), help_text="One or more parts of this name; 25 MB each.")


class StoredSerializer(serializers.ModelSerializer[StoredFile]):
    class Meta:
        model = StoredFile
        fields = ("id", "name", "size", "mime", "sha256", "status")


class FileSerializer(StoredSerializer):
    """A file with who brought it and, once it is clean, a link that is good for five minutes."""

    uploader = serializers.SerializerMethodField()
    download_url = serializers.SerializerMethodField()

    class Meta(StoredSerializer.Meta):
        fields = (*StoredSerializer.Meta.fields, "verdict", "uploader", "created_at", "download_url")  # type: ignore[assignment]

    def get_uploader(self, file: StoredFile) -> str | None:
        return file.uploader.handle if file.uploader else None

    def get_download_url(self, file: StoredFile) -> str | None:
        return links.download_url(self.context["actor"], file) if file.downloadable else None


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a file was not kept (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    name = serializers.CharField()


class UploadedSerializer(serializers.Serializer[Any]):
    results = serializers.SerializerMethodField()

    @extend_schema_field(
        PolymorphicProxySerializer(
            component_name="FileResult",
            serializers=[StoredSerializer, ProblemSerializer],
            resource_type_field_name=None,
            many=True,
        )
    )
    def get_results(self, uploaded: Any) -> Any:
        return uploaded["results"]

"""Forms of tools whose description of an API comes along as a file."""

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from agent_app.tools.registry import ToolType
from community.files import staging
from community.services.files import file_store
from community.views.guard import ActorRequest


def sent(request: ActorRequest, kind: ToolType) -> QueryDict | None:
    """The form as it was sent; a description that came along is kept, and its file named. Raises AppError."""
    if request.method != "POST":
        return None
    upload = request.FILES.get(staging.FIELD)
    if not isinstance(upload, UploadedFile) or "file_id" not in kind.params_schema["properties"]:
        return request.POST
    with staging.staged(upload) as staged:
        file = file_store(actor=request.actor, staged=staged)
    data = request.POST.copy()
    data["params.file_id"], data["params.url"] = str(file.id), ""
    return data

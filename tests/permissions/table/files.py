"""Files of a workspace."""

from tests.permissions.table.line import Line

TABLE = [
    Line("GET", "files/", (200, 200, 200, 200, 404, 401), scope="files:read"),
    # JSON; tests/community/test_files_api.py sends forms.
    Line("POST", "files/", (415, 415, 415, 415, 404, 401), scope="files:write"),
    Line("POST", "files/upload/", (415, 415, 415, 415, 404, 401), scope="files:write"),
    Line("GET", "files/{file}/", (200, 200, 200, 200, 404, 401), scope="files:read"),
    # Without a signature.
    Line("GET", "files/{file}/content/", (403, 403, 403, 403, 404, 401), scope="files:read"),
    Line("DELETE", "files/{file}/", (204, 204, 204, 403, 404, 401), scope="files:write"),
]

PAGES = [
    Line("GET", "/files/{file}/", (302, 302, 302, 302, 404, 302)),
]

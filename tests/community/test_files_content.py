"""What a file is called and what it is."""

from pathlib import Path

import pytest

from community.files import content, names
from config.lib.errors import UnsupportedMediaType
from tests.community.files_world import ELF, HTML, PDF, PNG, zipped


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("a\x00b\r\nc.txt", "abc.txt"),
        ("invoice\u202etxt.exe", "invoicetxt.exe"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("  many   spaces .txt", "many spaces .txt"),
        ("...", "file"),
        ("", "file"),
        (".env", "env"),
        ("Zażółć gęślą.pdf", "Zażółć gęślą.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("x" * 300, "x" * 200),
        ("a." + "y" * 300, "a." + "y" * 198),
    ],
)
def test_names_lead_nowhere_and_hide_nothing(given: str, clean: str) -> None:
    assert names.clean(given) == clean


@pytest.mark.parametrize(
    ("name", "data", "mime"),
    [
        ("a.txt", b"Hello", "text/plain"),
        ("a.md", b"# Title", "text/markdown"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("a.json", b'{"a": 1}', "application/json"),
        ("a.html", HTML, "text/html"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ("a.unknown", b"plain words", "text/plain"),
        ("noending", b"plain words", "text/plain"),
        ("a.txt", "Grüße".encode("utf-16"), "text/plain"),
        ("a.txt", "é".encode() * 40_000, "text/plain"),
        ("a.png", PNG, "image/png"),
        ("A.PNG", PNG, "image/png"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.pdf", b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n", "application/pdf"),
        ("a.zip", zipped(a="x"), "application/zip"),
        ("a.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01", "image/jpeg"),
        ("a.bin", bytes(100), "application/octet-stream"),
        (
            "a.docx",
            zipped(**{"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
def test_the_type_comes_from_the_content(tmp_path: Path, name: str, data: bytes, mime: str) -> None:
    path = tmp_path / "staged"
    path.write_bytes(data)
    assert content.mime_of(path, name) == mime


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("photo.png", HTML, "content_mismatch"),
        ("photo.png", PDF, "content_mismatch"),
        ("report.pdf", b"just words", "content_mismatch"),
        ("report.pdf", PNG, "content_mismatch"),
        ("notes.txt", PNG, "content_mismatch"),
        ("notes.txt", b"a\x00b", "content_mismatch"),
        ("page.html", HTML + zipped(a="x"), "content_mismatch"),
        ("archive.zip", HTML + zipped(a="x"), "content_mismatch"),
        ("letter.docx", b"PK\x03\x04 and nothing more" + bytes(40), "content_mismatch"),
        ("tool", ELF, "program"),
        ("photo.png", ELF, "program"),
        ("setup.exe", b"MZ\x90\x00" + bytes(100), "program"),
    ],
)
def test_it_refuses_what_is_not_what_its_name_says(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / "staged"
    path.write_bytes(data)
    with pytest.raises(UnsupportedMediaType) as refused:
        content.mime_of(path, name)
    assert refused.value.error_code == code

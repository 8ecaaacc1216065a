"""What becomes of a picture: a small upright square of pixels and nothing else; and what does not unfold here."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageFile

from community.files import content, pictures
from config.lib.errors import InvalidInput

GPS = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (48.0, 12.0, 30.0)}
CAMERA = "Secret Camera 5"


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 400), mode: str = "RGB", **options: object) -> bytes:
    """Red at the top, blue below."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, size[1] // 2, *size))
    stream = io.BytesIO()
    image.convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def bomb(side: int = 6000) -> bytes:
    """A PNG of a few kilobytes that unfolds into many megabytes: all of it is there, nothing is damaged."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    lines = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["WEBP"])


def square(tmp_path: Path, data: bytes) -> bytes:
    path = tmp_path / "sent"
    path.write_bytes(data)
    return pictures.square(path)


def test_a_photograph_tells_neither_where_nor_with_what_it_was_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = CAMERA
    exif[ExifTags.Base.Orientation] = 6
    exif._ifds[ExifTags.IFD.GPSInfo] = GPS
    sent = picture("JPEG", (1200, 800), exif=exif.tobytes(), comment=b"At home", quality=95)
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    kept = square(tmp_path, sent)
    assert not any(word in kept for word in (b"EXIF", b"XMP ", b"ICCP", CAMERA.encode(), b"At home"))
    image = opened(kept)
    assert dict(image.getexif()) == {}
    assert image.size == (512, 512)
    right, left = image.convert("RGB").getpixel((500, 256)), image.convert("RGB").getpixel((10, 256))
    assert (right[0] > 200, left[2] > 200) == (True, True), "upright: what was at the top is at the right"


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA"), ("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("GIF", "P")],
)  # fmt: skip
def test_every_kind_becomes_the_same_kind(tmp_path: Path, kind: str, mode: str) -> None:
    kept = tmp_path / "picture.webp"
    kept.write_bytes(square(tmp_path, picture(kind, mode=mode)))
    assert opened(kept.read_bytes()).size == (300, 300)
    assert content.mime_of(kept, kept.name) == pictures.MIME


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 5000)])
def test_any_shape_is_cut_to_its_middle(tmp_path: Path, size: tuple[int, int]) -> None:
    side = min(pictures.SIDE, *size)
    assert opened(square(tmp_path, picture(size=size))).size == (side, side)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("side", [5001, 10_000, 20_000])
def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _picture: pytest.fail("it unfolds"))
    sent = bomb(side)
    assert len(sent) < 2**20
    with pytest.raises(InvalidInput) as refused:
        square(tmp_path, sent)
    assert "25 million pixels" in refused.value.errors["file"][0]


@pytest.mark.parametrize(
    "data", [b"", b"x", picture()[:60], picture("JPEG")[:300], b"\x89PNG\r\n\x1a\n" + bytes(100), b"GIF89a" + bytes(20), b"<svg/>"]
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        square(tmp_path, data)
    assert "cannot be read" in refused.value.errors["file"][0]

"""Pictures of people: whatever was sent becomes a small square that holds nothing but what is to be seen.

A photograph tells where and with what it was taken; and a few kilobytes can unfold into gigabytes of pixels. So a picture is
measured by its header before anything is unfolded, and only its pixels are written anew.
"""

import io
import warnings
from pathlib import Path

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from config.lib.errors import InvalidInput

SIDE = 512
MOST_PIXELS = 25_000_000
MIME = "image/webp"
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# Between one and two times Pillow's own limit it only warns.
warnings.simplefilter("error", Image.DecompressionBombWarning)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def square(path: Path) -> bytes:
    """The middle of the picture at ``path``, upright, as WebP of at most ``SIDE`` pixels a side.

    Raises InvalidInput where it has too many pixels, or cannot be read.
    """
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise _too_many_pixels()
            return _square(picture)
    except InvalidInput:
        raise
    except _BOMBS as error:
        raise _too_many_pixels() from error
    except Exception as error:  # readers of damaged files raise whatever they stumble over
        raise _refused(_("This picture cannot be read. It may be damaged.")) from error


def _square(picture: Image.Image) -> bytes:
    picture.draft("RGB", (SIDE, SIDE))  # a JPEG is unfolded no more than needed
    side = min(SIDE, *picture.size)
    plain = picture if picture.mode in ("RGB", "RGBA", "L") else picture.convert("RGBA")
    upright = ImageOps.exif_transpose(ImageOps.fit(plain, (side, side)))  # a square's middle stays where it is
    upright.info.clear()
    stream = io.BytesIO()
    upright.convert("RGBA").save(stream, "WEBP", quality=85)
    return stream.getvalue()


def _too_many_pixels() -> InvalidInput:
    return _refused(_("A picture may have up to %(most)d million pixels.") % {"most": MOST_PIXELS // 10**6})


def _refused(why: str) -> InvalidInput:
    return InvalidInput(_("Some fields are not valid."), code="avatar_unreadable", errors={"file": [why]})

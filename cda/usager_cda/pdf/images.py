"""Pictures for PDF/A-1: no transparency, no profile of their own, and never a bomb."""

import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "GIF", "TIFF")
MOST_PIXELS = 25_000_000
LONGEST_SIDE = 2400
JPEG_QUALITY = 88


class Unprintable(Exception):
    """A picture that will not be printed; the message says why."""


def printable_image(content: bytes) -> tuple[str, bytes]:
    """Return the media type and bytes of a picture, flattened on white, in RGB.

    Errors  Unprintable for another format than PNG, JPEG, GIF and TIFF, over 25 million pixels, or broken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd but readable metadata
            return _flattened(content)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unprintable("it is not a whole PNG, JPEG, GIF or TIFF") from error


def _flattened(content: bytes) -> tuple[str, bytes]:
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            raise Unprintable(f"it has over {MOST_PIXELS} pixels")
        is_photograph = image.format == "JPEG"
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    page = Image.new("RGB", upright.size, "white")
    page.paste(upright, mask=upright.getchannel("A"))
    out = BytesIO()
    if is_photograph:
        page.save(out, "JPEG", quality=JPEG_QUALITY)
        return "image/jpeg", out.getvalue()
    page.save(out, "PNG")
    return "image/png", out.getvalue()

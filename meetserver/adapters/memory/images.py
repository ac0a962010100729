"""Images made anew in this very process: without a bound in time and memory, and at once."""

from meetserver.adapters.image_worker import TooMuch, remake
from meetserver.adapters.images import LIMITS, checked_size
from meetserver.errors import BadFile, TooLarge
from meetserver.ports import Remade


class ImagesHere:
    async def remake(self, source: bytes) -> Remade:
        checked_size(source)
        try:
            made = remake(source, LIMITS)
        except TooMuch as error:
            raise TooLarge(str(error)) from error
        except Exception as error:
            raise BadFile("the image cannot be read") from error
        return Remade(made.image, made.media_type, made.width, made.height, made.thumbnails)

"""What becomes of hostile uploads: refused, made anew, or nothing that a browser would show or run."""

import pytest

from meetserver.adapters.memory.images import ImagesHere
from meetserver.errors import Refused
from meetserver.files.kinds import Kind, recognize
from meetserver.files.names import shown_name
from meetserver.files.sniffing import OCTETS
from tests.files.hostile import SCRIPT, Upload, uploads

SECRETS = (SCRIPT[:20], b"Secret", b"php", b"PK\3\4", b"EICAR")
REFUSALS = {"bad_file", "too_large"}
MANY = 80


async def made_of(upload: Upload) -> tuple[Kind, bytes]:
    kind = recognize(upload.content[:65536], upload.content[-65536:], upload.name, upload.declared)
    return kind, (await ImagesHere().remake(upload.content)).image if kind.is_image else upload.content


@pytest.mark.parametrize("upload", uploads(), ids=lambda upload: upload.title)
async def test_it_is_refused_or_harmless(upload: Upload) -> None:
    if upload.becomes in REFUSALS:
        with pytest.raises(Refused) as caught:
            await made_of(upload)
        assert caught.value.code == upload.becomes
        return
    kind, content = await made_of(upload)
    if upload.becomes == "remade":
        assert kind.is_inline
        assert not [secret for secret in SECRETS if secret in content]
    elif upload.becomes == "inline":
        assert kind.is_inline
        assert not kind.is_image
    else:
        assert upload.becomes == "attachment"
        assert (kind.is_inline, kind.served_as) == (False, OCTETS)


@pytest.mark.parametrize("upload", [upload for upload in uploads() if upload.shown], ids=lambda upload: upload.title)
def test_its_name_is_harmless(upload: Upload) -> None:
    assert shown_name(upload.name) == upload.shown


def test_there_are_many() -> None:
    assert len(uploads()) >= MANY
    assert len({upload.title for upload in uploads()}) == len(uploads())

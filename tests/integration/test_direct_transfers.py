"""A whole server with a bucket takes in what a client has put there."""

from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from meetserver.accounts.messages import Register
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.http.services import SERVICES
from tests.contract.eventually import eventually
from tests.integration.http.conftest import PASSWORD, Api
from tests.integration.http.test_direct import DATA, completed, given_staged, state_of
from tests.servers.s3 import S3Server


async def test_it_is_taken_in_as_soon_as_it_is_complete(s3_server: S3Server, tmp_path: Path) -> None:
    bucket = s3_server.config(prefix="direct")
    given = {name: getattr(bucket, name) for name in ("files_url", "s3_endpoint", "s3_access_key", "s3_secret_key")}
    config = Config(data_dir=str(tmp_path), bcrypt_cost=4, files_direct=True, **given)
    async with open_server(config) as server, TestClient(TestServer(server.app)) as client:
        api = Api(client, server.app[SERVICES])
        await server.core.accounts.add(Register(email="ann@example.com", password=PASSWORD, name="Ann"), is_admin=True)
        ann = api.signed_in((await api.log_in()).body["access_token"])
        upload = await given_staged(ann, str((await ann.given_meeting())["id"]))
        await completed(ann, upload)

        async def is_done() -> bool:
            return bool(await state_of(ann, upload) == "done")

        await eventually(is_done)
        assert (await ann.get(f"/files/{upload}/content")).body == DATA

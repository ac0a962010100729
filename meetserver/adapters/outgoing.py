"""Calls to other servers over HTTP (accounts.oidc_provider.Web): bounded in time and size, no redirect followed."""

from collections.abc import Mapping

import msgspec
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

import meetserver
from meetserver import limits
from meetserver.accounts.oidc_provider import Answered
from meetserver.adapters.tls import verifying
from meetserver.config import Config
from meetserver.errors import Unavailable


class HttpWeb:
    def __init__(self, config: Config) -> None:
        """To be made within a running loop. Raises ConfigError for a bad MEET_CA_FILE."""
        self._session = ClientSession(
            # aiohttp has read the system's authorities already, and to read them once more takes a while.
            connector=TCPConnector(ssl=verifying(config) if config.ca_file else True),
            cookie_jar=DummyCookieJar(),
            timeout=ClientTimeout(total=limits.OIDC_TIMEOUT_S),
            headers={"User-Agent": f"meetserver/{meetserver.__version__}", "Accept": "application/json"},
        )

    async def close(self) -> None:
        await self._session.close()

    async def get(self, url: str, headers: Mapping[str, str] = {}) -> Answered:
        return await self._ask("GET", url, None, headers)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = {}) -> Answered:
        return await self._ask("POST", url, form, headers)

    async def _ask(self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> Answered:
        """Raises Unavailable when there is no answer, or one that is too long."""
        try:
            async with self._session.request(
                method, url, data=form, headers=headers, allow_redirects=False
            ) as response:
                return Answered(response.status, _json(await _read(response)))
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable("another server cannot be reached") from error


async def _read(response: ClientResponse) -> bytes:
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > limits.OIDC_RESPONSE_BYTES:
            raise Unavailable("another server answers too much")
    return bytes(read)


def _json(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None

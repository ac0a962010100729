"""A browser that signs in by the provider `corp`, in the tests' words."""

from tests.integration.http.conftest import Answer, Api
from tests.integration.http.scripted_provider import ScriptedProvider


async def start(api: Api, next_: str = "/m/weekly") -> str:
    """Where the browser is sent to."""
    answer = await api.get("/auth/oidc/corp/start", params={"next": next_}, allow_redirects=False)
    assert answer.status == 303, answer
    return str(answer.headers["Location"])


async def come_back(api: Api, path: str) -> Answer:
    answer = await api.get(f"/{path}", allow_redirects=False)
    assert answer.status == 303, answer
    return answer


async def sign_in(api: Api, provider: ScriptedProvider) -> Answer:
    return await come_back(api, provider.let_in(await start(api)))


def assert_nobody(answer: Answer, code: str = "unauthenticated") -> None:
    assert answer.headers["Location"] == f"/?sign_in={code}"
    assert "meet=" not in " ".join(answer.headers.getall("Set-Cookie"))


def recorded(api: Api) -> list[str]:
    return [event.type for event in api.recorded]

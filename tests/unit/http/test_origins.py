import pytest
from aiohttp.test_utils import make_mocked_request

from meetserver.config import load_config
from meetserver.http.origins import is_foreign, is_own_origin

CONFIG = load_config({}, public_url="https://meet.example.com", allowed_origins=["https://app.example"])


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        ("https://meet.example.com", True),
        ("https://app.example", True),
        ("http://10.0.0.1:8080", True),  # where this request came to
        ("https://10.0.0.1:8080", True),  # the same behind a proxy that ended TLS
        ("http://meet.example.com", False),
        ("https://meet.example.com:8443", False),
        ("https://meet.example.com.evil.example", False),
        ("https://evil.example/https://meet.example.com", False),
        ("http://10.0.0.1", False),
        ("ftp://10.0.0.1:8080", False),
        ("null", False),
        ("", False),
    ],
)
def test_pages_of_ours_and_configured_ones_may_call(origin: str, is_own: bool) -> None:
    request = make_mocked_request("POST", "/", headers={"Host": "10.0.0.1:8080", "Origin": origin})
    assert is_own_origin(origin, request, CONFIG) is is_own
    assert is_foreign(request, CONFIG) is not is_own


@pytest.mark.parametrize(
    ("site", "foreign"), [("same-origin", False), ("none", False), ("same-site", True), ("cross-site", True)]
)
def test_without_an_origin_the_browser_says_whose_page_it_is(site: str, foreign: bool) -> None:
    request = make_mocked_request("POST", "/", headers={"Sec-Fetch-Site": site})
    assert is_foreign(request, CONFIG) is foreign


def test_a_native_client_is_not_foreign() -> None:
    assert not is_foreign(make_mocked_request("POST", "/"), CONFIG)

"""The application of tests/integration/http for attacks on it."""

from tests.integration.http import conftest as http

api = http.api
clock = http.clock
make_api = http.make_api

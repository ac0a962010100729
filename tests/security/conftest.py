"""The application of tests/integration/http for attacks on it."""

from tests.integration.http import conftest as http
from tests.integration.http import statements
from tests.servers import migrated

api = http.api
clock = http.clock
make_api = http.make_api
postgres_database = migrated.postgres_database
postgres_url = migrated.postgres_url
sqlite_file = migrated.sqlite_file
sqlite_url = migrated.sqlite_url
uncached = statements.uncached

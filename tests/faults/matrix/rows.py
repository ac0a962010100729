"""All rows, in the order of docs/reliability.md. What SMTP servers do to mails are no rows here: these are in
tests/contract."""

from tests.faults.matrix import crowd, cuts, moves, neighbours, owner, poison, postgres, redis, uploads
from tests.faults.matrix.row import Row

MODULES = (owner, moves, postgres, redis, cuts, crowd, neighbours, poison, uploads)
ROWS: dict[str, Row] = {row.name: row for module in MODULES for row in module.ROWS}

"""All rows, in the order of docs/reliability.md. Kills in mid-upload, full disks for uploads, and what SMTP servers
do to mails are no rows here: mails' are in tests/contract."""

from tests.faults.matrix import crowd, cuts, moves, neighbours, owner, poison, postgres, redis
from tests.faults.matrix.row import Row

MODULES = (owner, moves, postgres, redis, cuts, crowd, neighbours, poison)
ROWS: dict[str, Row] = {row.name: row for module in MODULES for row in module.ROWS}

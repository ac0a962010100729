"""Log lines on standard error: for people, or as JSON for programs. structlog formats what stdlib loggers say.

One event is one line, whatever strangers put into it; only a traceback, which ends an event, has more.
"""

import logging
import sys

import structlog

from meetserver.config import Config


def _console() -> structlog.dev.ConsoleRenderer:
    """With plain tracebacks: the richer ones show variables, and with them settings, passwords and tokens."""
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def set_up_logging(config: Config) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    is_json = config.log_format == "json"
    last: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if is_json
        else [_printable, _console()]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log_level.upper())
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("aiohttp_session").setLevel(logging.ERROR)  # it warns once per bad cookie
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _printable(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """No line breaks, escape sequences or marks that turn a line round; JSON has escapes for them."""
    text = str(event["event"])
    if not text.isprintable():
        event["event"] = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return event

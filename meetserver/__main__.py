"""python -m meetserver serve | migrate | schema | admin …"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from meetserver import __version__
from meetserver.config import Config, load_config
from meetserver.errors import ConfigError, Refused
from meetserver.logs import set_up_logging


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="meetserver")
def cli() -> None:
    """A self-hosted meeting server. Settings are MEET_* variables; conf/settings.md lists them."""


def _run(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop where it exists; what people can mend is a sentence, not a traceback."""
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(work)
    except (ConfigError, Refused) as error:
        raise click.ClickException(str(error)) from None


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _config(**overrides: Any) -> Config:
    try:
        config = load_config(**overrides)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    set_up_logging(config)
    return config


@cli.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
def serve(host: str | None, port: int | None) -> None:
    """Run the server in the foreground; SIGTERM drains it."""
    from meetserver.serving import serve as serve_until_signal

    config = _config(host=host, port=port)
    _run(serve_until_signal(config, lambda url: click.echo(f"meetserver {__version__} is ready: {url}")))


@cli.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    from meetserver.adapters.migrations import migrate as run_migrations

    config = _config()
    config.data_path.mkdir(parents=True, exist_ok=True)
    _run(run_migrations(config))
    click.echo("The database is at this version's schema.")


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("schema"))
def schema(folder: Path) -> None:
    """Write openapi.json and asyncapi.json into FOLDER."""
    from meetserver.http.documents import write_documents

    for path in write_documents(folder):
        click.echo(path)


def main() -> None:
    cli(prog_name="meetserver")


if __name__ == "__main__":
    main()

"""python -m meetserver serve | migrate | schema | admin …"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from meetserver import __version__
from meetserver.config import Config, load_config
from meetserver.errors import ConfigError, Refused
from meetserver.logs import set_up_logging

T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="meetserver")
def cli() -> None:
    """A self-hosted meeting server. Settings are MEET_* variables; conf/settings.md lists them."""


def _run(work: Coroutine[Any, Any, T]) -> T:
    """On uvloop where it exists; what people can mend is a sentence, not a traceback."""
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(work)
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
@click.option("--shards", type=click.IntRange(min=1), default=1, help="Processes; several need PostgreSQL and Redis.")
@click.option("--listen-fd", type=int, hidden=True)
@click.option("--parent-fd", type=int, hidden=True)
def serve(host: str | None, port: int | None, shards: int, listen_fd: int | None, parent_fd: int | None) -> None:
    """Run the server in the foreground; SIGTERM drains it. With several shards, SIGHUP restarts one after the other."""
    config = _config(host=host, port=port)
    if shards > 1:
        from meetserver.shards import serve_shards

        _run(serve_shards(config, shards, lambda url: _say_ready(f"{url} ({shards} shards)")))
        return
    from meetserver.serving import serve as serve_until_signal
    from meetserver.serving import serve_as_child

    if listen_fd is not None and parent_fd is not None:
        _run(serve_as_child(config, listen_fd, parent_fd))
    else:
        _run(serve_until_signal(config, _say_ready))


def _say_ready(where: str) -> None:
    click.echo(f"meetserver {__version__} is ready: {where}")


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


def _quiet_config() -> Config:
    """For commands whose output is for people: the server's own log lines would stand in between."""
    return _config(log_level="warning")


@cli.group()
def admin() -> None:
    """What an administrator does from the command line."""


@admin.command()
@click.option("--password", help="Password of the demo account; without it one is made and shown once.")
def seed(password: str | None) -> None:
    """Fill the database with a demo: an account, meetings, a room in which something happened."""
    from meetserver.admin import seed as seed_demo

    seeded = _run(seed_demo(_quiet_config(), password))
    shown = "as it was" if seeded.password is None else f"password {seeded.password}"
    click.echo(f"Account   {seeded.email} ({shown})")
    for title, link in seeded.links:
        click.echo(f"Meeting   {link}  {title} ({'new' if title in seeded.made else 'as it was'})")
    click.echo(f"The room of {seeded.links[0][0]} {seeded.room}.")


@admin.command()
@click.argument("email")
@click.option("--name", required=True, help="What others see.")
@click.option("--password", help="Without it one is made and shown once.")
@click.option("--admin", "is_admin", is_flag=True, help="An administrator.")
def create_user(email: str, name: str, password: str | None, is_admin: bool) -> None:
    """Make an account whose address needs no verification."""
    from meetserver.admin import create_user as create

    made = _run(create(_quiet_config(), email, name, password, is_admin=is_admin))
    click.echo(f"Account   {email}" + ("" if password else f" (password {made})"))


@admin.command()
def rotate_keys() -> None:
    """Make a new key for what is encrypted at rest; older ones go on opening what they sealed."""
    from meetserver.admin import rotate_keys as rotate

    click.echo(
        f"Data key {_run(rotate(_quiet_config()))} seals from two minutes from now on."
        " A server that runs takes it over within a day, or when it is started anew."
    )


@admin.command()
def reseal_logs() -> None:
    """Seal what rooms have written under the newest key, two minutes after it was made; again where it was stopped."""
    from meetserver.admin import reseal_logs as reseal

    click.echo(f"{_run(reseal(_quiet_config()))} entries and snapshots have the key now that seals.")


@admin.command()
def adopt_files() -> None:
    """Begin anew with the store of files that is set now, because the one before is lost."""
    from meetserver.admin import adopt_files as adopt

    click.echo(f"Files are in {_run(adopt(_quiet_config()))} from now on. Start all servers with it.")


@admin.command()
@click.option("--revoke", is_flag=True, help="The old key leaked: nothing that it signed counts any more.")
def rotate_signing_key(revoke: bool) -> None:
    """Make a new key for access tokens; tokens of the old one count until they run out."""
    from meetserver.admin import rotate_signing_key as rotate

    made = _run(rotate(_quiet_config(), revoke=revoke))
    if revoke:
        click.echo(
            f"Key {made} signs from now on, and the older ones are worth nothing."
            " A server that runs learns of it within seconds; clients get new access tokens by their refresh tokens."
        )
    else:
        click.echo(f"Key {made} signs from two minutes from now on; until then every server learns of it.")


def _operating(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of the commands that ask a server that runs."""
    as_whom = click.option("--as", "email", metavar="EMAIL", help="Act as this account; else the first administrator.")
    where = click.option("--server", metavar="URL", help="Address of the server; else the configured one.")
    return where(as_whom(command))


def _operate(server: str | None, email: str | None, act: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    """What `act` comes to for an operating.Operator."""
    from meetserver.operating import operating

    async def work() -> T:
        async with operating(_quiet_config(), server, email) as operator:
            return await act(operator)

    return _run(work())


@admin.command()
@_operating
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def shards(server: str | None, email: str | None, as_json: bool) -> None:
    """Show the processes of a server that runs, and what they carry."""
    from meetserver.operating import as_json as encoded
    from meetserver.operating import shards_table

    found = _operate(server, email, lambda operator: operator.shards())
    click.echo(encoded(found) if as_json else shards_table(found))


@admin.command()
@_operating
@click.option("--shard", help="Only those that this one owns.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def rooms(server: str | None, email: str | None, shard: str | None, limit: int, as_json: bool) -> None:
    """Show the rooms that are awake or in quarantine, the busiest first."""
    from meetserver.operating import as_json as encoded
    from meetserver.operating import rooms_table

    found, total = _operate(server, email, lambda operator: operator.rooms(shard, limit))
    click.echo(encoded(found) if as_json else rooms_table(found))
    if len(found) < total:
        click.echo(f"{total - len(found)} more: see --limit and --shard.", err=True)


@admin.command()
@_operating
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def files(server: str | None, email: str | None, as_json: bool) -> None:
    """Show how much there is in files: by kind, by account, by meeting, and how much more fits."""
    from meetserver.operating import as_json as encoded
    from meetserver.operating import files_text

    report = _operate(server, email, lambda operator: operator.file_usage())
    click.echo(encoded(report) if as_json else files_text(report))


@admin.command()
@_operating
@click.argument("shard")
def drain(server: str | None, email: str | None, shard: str) -> None:
    """Have SHARD hand its rooms over and end."""
    _operate(server, email, lambda operator: operator.drain(shard))
    click.echo(f"{shard} drains.")


@admin.command()
@_operating
@click.argument("room")
@click.argument("shard")
def move(server: str | None, email: str | None, room: str, shard: str) -> None:
    """Have SHARD run ROOM, until processes come or go."""
    _operate(server, email, lambda operator: operator.move(room, shard))
    click.echo(f"{shard} runs room {room}.")


@admin.command()
@_operating
@click.argument("room")
def sleep(server: str | None, email: str | None, room: str) -> None:
    """Save ROOM and let it go; whoever is in it wakes it again."""
    _operate(server, email, lambda operator: operator.sleep(room))
    click.echo(f"Room {room} sleeps.")


@admin.command()
@_operating
@click.argument("room")
def quarantine(server: str | None, email: str | None, room: str) -> None:
    """Close ROOM to everybody until it is released."""
    _operate(server, email, lambda operator: operator.quarantine(room))
    click.echo(f"Room {room} is closed until it is released.")


@admin.command()
@_operating
@click.argument("room")
def release(server: str | None, email: str | None, room: str) -> None:
    """End ROOM's quarantine."""
    _operate(server, email, lambda operator: operator.release(room))
    click.echo(f"Room {room} may be entered again.")


@cli.group()
def audit() -> None:
    """The security log."""


@audit.command("verify")
@click.option("--from", "first", type=click.IntRange(min=1), default=1, help="First event; else the log's first.")
@click.option("--to", "last", type=click.IntRange(min=1), help="Last event; else the log's last.")
@click.option("--kept", default="", metavar="HEAD", help="A head that this command printed earlier and you kept.")
def verify_audit(first: int, last: int | None, kept: str) -> None:
    """Check that no event of the security log was changed, removed or slipped in.

    That events are missing at the end shows only beside a head that was kept elsewhere: give it with --kept.
    """
    from meetserver.admin import verify_audit as verify

    verdict = _run(verify(_quiet_config(), first, last, kept))
    click.echo(f"Events    {verdict.count} whole, from {first}")
    click.echo(f"Head      {verdict.head}")
    if verdict.fault is not None:
        raise click.ClickException(f"the security log is broken: {verdict.fault}")


def main() -> None:
    cli(prog_name="meetserver")


if __name__ == "__main__":
    main()

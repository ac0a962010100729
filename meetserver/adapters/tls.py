"""TLS to other servers: the database, Redis and the mail server, verified when the settings ask for it."""

import ssl
from collections.abc import Mapping
from typing import Any

from meetserver.config import Config
from meetserver.errors import ConfigError


def verifying(config: Config) -> ssl.SSLContext:
    """Trusts MEET_CA_FILE alone, else the system's authorities, and looks at the name too. Raises ConfigError."""
    try:
        context = ssl.create_default_context(cafile=config.ca_file or None)
    except OSError as error:
        raise ConfigError(f"MEET_CA_FILE={config.ca_file}: {error.strerror or error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def database_tls(config: Config) -> dict[str, Any]:
    """Arguments of asyncpg.connect. What the URL says (sslmode) stands where nothing is set."""
    if not config.database_tls:
        return {}
    context = verifying(config)
    if config.database_tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def redis_tls(config: Config) -> Mapping[str, Any]:
    """Arguments of a redis-py pool, which only takes them for rediss://. It trusts the system's authorities too."""
    if not config.redis_url.startswith("rediss://"):
        return {}
    verifying(config)  # whether the file is one
    return {
        "ssl_cert_reqs": "required" if config.redis_tls_verify else "none",
        "ssl_check_hostname": config.redis_tls_verify,
        "ssl_ca_certs": config.ca_file or None,
        "ssl_min_version": ssl.TLSVersion.TLSv1_2,
    }

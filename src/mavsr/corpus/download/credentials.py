"""User names and passwords: from the environment or ``~/.netrc``, and from nowhere else.

They are never part of a config, a command line, a log, a record or an error. Variables are named
after what they are for (``MAVSR_LRS2_USERNAME``), so those of one corpus never reach the servers of
another one.
"""

import logging
import netrc
import os
import re
from dataclasses import dataclass, field

from requests.auth import HTTPBasicAuth

from mavsr.corpus.download.settings import RemoteFile
from mavsr.errors import InputError

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Credentials:
    """A user name and password for one server; neither is ever shown."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    source: str
    """Where they were found, for messages."""

    def basic(self) -> HTTPBasicAuth:
        """The same for requests; bytes, as requests would refuse letters beyond Latin-1."""
        return HTTPBasicAuth(self.username.encode(), self.password.encode())


def variables(purpose: str) -> tuple[str, str]:
    """Names of the environment variables for ``purpose``, which is a corpus' name or "babble"."""
    stem = re.sub(r"[^A-Z0-9]", "_", purpose.upper())
    return f"MAVSR_{stem}_USERNAME", f"MAVSR_{stem}_PASSWORD"


def find_credentials(file: RemoteFile, purpose: str) -> Credentials | None:
    """The credentials for a file's server: the environment's first, then those of ``~/.netrc``.

    Raises:
        InputError: only one of the two variables is set, or ``~/.netrc`` cannot be read.

    """
    names = variables(purpose)
    username, password = (os.environ.get(name, "") for name in names)
    found: Credentials | None
    if username and password:
        found = Credentials(username, password, " and ".join(names))
    elif username or password:
        present, missing = names if username else reversed(names)
        raise InputError(f"{present} is set but {missing} is not; set both, or neither")
    else:
        found = _from_netrc(file.host)
    if found and file.url.startswith("http:") and file.host not in _LOCAL_HOSTS:
        logging.warning("%s gets its password unencrypted; use https if it can", file.host)
    return found


def _from_netrc(host: str) -> Credentials | None:
    path = os.environ.get("NETRC")
    place = path or "~/.netrc"
    try:
        # Without a path netrc also demands that nobody else may read the file.
        entry = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        return None
    except netrc.NetrcParseError as error:
        # Its message may quote the password.
        where = f"line {error.lineno}" if error.lineno else "its permissions"
        raise InputError(
            f"{place} cannot be used ({where}); write lines 'machine {host} login NAME password "
            f"WORD' and run `chmod 600 {place}`"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{place} cannot be read; mend or remove it") from None
    if not entry:
        return None
    return Credentials(entry[0] or "", entry[2] or "", place)


def advice(host: str, purpose: str) -> str:
    """What to do where a server wants credentials."""
    username, password = variables(purpose)
    return (
        f"set {username} and {password} in the environment, or add a line "
        f"'machine {host} login NAME password WORD' to ~/.netrc"
    )

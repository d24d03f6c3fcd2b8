"""A download that is not complete yet: its bytes, and what tells whether they can be continued.

Beside ``<name>`` lie ``<name>.part`` (bytes so far) and ``<name>.json`` (validators and length, as
the server gave them with the first byte). Both survive ``kill -9``; the file gets its own name when
it is complete and checked.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from mavsr.corpus.download.settings import RemoteFile, shown
from mavsr.files import write_json


@dataclass(frozen=True)
class Validators:
    """What a server says about one version of a file; each may be missing.

    Attributes:
        etag: name of the version.
        last_modified: its date, as the server writes it.
        total: its length in bytes.

    """

    etag: str | None = None
    last_modified: str | None = None
    total: int | None = None

    def contradicts(self, other: "Validators") -> bool:
        """Whether both cannot be of the same version; what one of them lacks says nothing."""
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


class PartialFile:
    """The state on disk of one file's download."""

    def __init__(self, file: RemoteFile, folder: Path):
        """Name the files in ``folder`` after the URL: two servers may use one file name."""
        safe = re.sub(r"[^\w.-]", "_", file.name)[-80:]
        stem = f"{hashlib.sha256(file.url.encode()).hexdigest()[:8]}-{safe}"
        self.url = shown(file.url)
        self.final = folder / stem
        self.part = folder / f"{stem}.part"
        self.rejected = folder / f"{stem}.bad"
        self._state = folder / f"{stem}.json"

    def size(self) -> int:
        """Bytes that are there."""
        return self.part.stat().st_size if self.part.exists() else 0

    def validators(self) -> Validators:
        """Those of the bytes that are there."""
        known = Validators.__dataclass_fields__
        return Validators(**{k: v for k, v in self._read().items() if k in known})

    def begin(self, validators: Validators) -> None:
        """Forget what is there and note what comes now."""
        self.discard()
        write_json(self._state, {"url": self.url, **asdict(validators)})

    def discard(self) -> None:
        """Forget what is there."""
        self.part.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def is_whole(self) -> bool:
        """Whether all bytes that the server promised are there."""
        total = self.validators().total
        return total is not None and self.part.exists() and self.size() == total

    def reject(self) -> None:
        """Set wrong bytes aside, so that the next run fetches the file anew."""
        self.part.replace(self.rejected)
        self._state.unlink(missing_ok=True)

    def finish(self, sha256: str) -> dict:
        """Give the file its name; return its record: url, bytes, sha256, etag, last_modified."""
        found = {"url": self.url, "total": self.size(), "sha256": sha256}
        write_json(self._state, {**self._read(), **found})
        self.part.replace(self.final)
        self.rejected.unlink(missing_ok=True)
        record = self.record()
        assert record, f"{self.final} was complete a moment ago"
        return record

    def record(self) -> dict | None:
        """The record of a file that is complete; None if it is not."""
        record = self._read()
        if "sha256" not in record or not self.final.is_file():
            return None
        size = record.pop("total")
        return {**record, "bytes": size} if size == self.final.stat().st_size else None

    def remove(self) -> None:
        """Remove the complete file."""
        self.final.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def _read(self) -> dict:
        try:
            return json.loads(self._state.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

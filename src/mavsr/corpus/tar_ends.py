"""Tell a tar archive's end from damage: tarfile takes a wrong header for the end."""

import tarfile

_BUFFER = 1 << 20


class Header(tarfile.TarInfo):
    """A member's header, for ``tarfile.open(..., tarinfo=Header)``: it must be right."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "Header":
        """The header that comes next.

        Raises:
            tarfile.ReadError: behind the first member, it is cut off or damaged.
        """
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as error:
            # Two blocks of zeros end a file; and before the first member tarfile explains itself.
            if isinstance(error, tarfile.EOFHeaderError) or not tarfile_.offset:  # type: ignore[attr-defined]
                raise
            raise tarfile.ReadError(f"cut off or damaged at byte {tarfile_.offset}") from error


def refuse_more(tar: tarfile.TarFile) -> None:
    """Read what follows the end, all members having been read: nothing but zeros.

    Of a compressed file that includes its checksum, which is only looked at when all is read.

    Raises:
        tarfile.ReadError: something else follows.
    """
    assert tar.fileobj is not None, "the archive is open"
    tar.fileobj.seek(tar.offset + tarfile.BLOCKSIZE)
    while block := tar.fileobj.read(_BUFFER):
        if block.count(0) < len(block):
            raise tarfile.ReadError(
                f"its end is at byte {tar.offset}, but more follows; if that is another archive, "
                "list the two separately"
            )

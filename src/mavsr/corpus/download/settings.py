"""What to download: archives of one or more parts, where each is unpacked, and single files."""

from mavsr.config.downloads import Archive, DownloadSettings, RemoteFile, redacted, shown

__all__ = ["Archive", "DownloadSettings", "RemoteFile", "redacted", "shown"]

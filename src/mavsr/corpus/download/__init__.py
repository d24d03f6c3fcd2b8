"""Fetch the archives of a corpus and unpack them: resumable, checked, and safe to kill."""

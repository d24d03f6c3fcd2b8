"""Sentences of ordinary English: what real encoders and a real LLM were trained for.

Five to nine words each, without names or quotations, from books in the public domain by way of
Project Gutenberg: Alice's Adventures in Wonderland (Carroll, 1865), Black Beauty (Sewell, 1877),
The Adventures of Sherlock Holmes (Doyle, 1892), The Wonderful Wizard of Oz (Baum, 1900), Five
Children and It (Nesbit, 1902), The Railway Children (Nesbit, 1906), The Secret Garden (Burnett,
1911). Words are among the 1,800 most frequent of these books. No three words in a row of a test
sentence occur in a training sentence, so nothing of a test transcript can be recited; each of its
words does.
"""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from mavsr.errors import InputError

FOLDER = Path(__file__).with_name("books")
SHA256 = {
    "train": "7ae5ea7a948bf2faaec719de318ef9643e3b63244a413f5c876512a071b69853",
    "test": "c2815d57c3061a76cac24708674723c2ef272afbafb2ce2be58231712f703060",
}
"""Of the files; they stand here so that another text is other code, and remakes the corpus."""


@cache
def sentences(part: str) -> tuple[tuple[str, ...], ...]:
    """The sentences of ``train`` or ``test``, in lower case, sorted.

    Raises:
        InputError: the file is not that of this version.
    """
    path = FOLDER / f"{part}.txt"
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != SHA256[part]:
        raise InputError(f"{path} is not the file of this version; put it back (git checkout)")
    return tuple(tuple(line.split()) for line in content.decode().splitlines())


def draw_book_sentence(random: np.random.Generator, test: bool) -> tuple[str, ...]:
    """Draw a sentence, uniformly from those of the test split or from all others."""
    found = sentences("test" if test else "train")
    return found[random.integers(len(found))]

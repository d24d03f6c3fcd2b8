"""Take out of a text what has no width and is no part of a word, or what is no character at all."""

import regex

_JOINS = r"""
    (?<=\p{ccc=9})[\u200C\u200D]
  | (?<=[\p{jt=L}\p{jt=D}]\p{jt=T}*)\u200C(?=\p{jt=T}*[\p{jt=R}\p{jt=D}])
  | (?<=\p{Script=Mongolian})[\u180B-\u180F]
"""
"""Where joiners are spelling: RFC 5892, appendix A.1 and A.2 (after a virama, and between letters
that would join, as in Persian), and Mongolian's own selectors."""
_UNSEEN = regex.compile(rf"(?P<kept>{_JOINS})|\p{{DI}}|[\p{{Cc}}--\s]", regex.VERBOSE | regex.V1)


def visible(text: str) -> str:
    """The text without characters that show nothing, as subtitles and web pages leave them.

    Those are the code points that Unicode calls default ignorable (zero-width spaces, byte order
    marks, soft hyphens, direction marks, variation selectors ...) and control characters that are
    no white space. Joiners stay where the script's spelling needs them.
    """
    return _UNSEEN.sub(lambda match: match["kept"] or "", text)


def printable(text: str) -> str:
    """The text with a question mark for what UTF-8 cannot write.

    A file name may hold bytes that are no characters, a string of JSON half of one.
    """
    return text.encode("utf-8", "replace").decode()

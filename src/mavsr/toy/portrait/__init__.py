"""The embedded corpus: talking portraits, made on this computer, in the folder layout of LRS3.

Real portrait photographs that ship inside dependencies speak sentences of the GRID grammar in the
voices of espeak-ng. Everything is seeded; nothing is downloaded.
"""

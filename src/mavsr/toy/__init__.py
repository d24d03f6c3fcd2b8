"""The embedded default: a made corpus and small models, so that every stage runs anywhere.

``portrait`` makes the corpus (talking portraits in LRS3's layout); the modules beside it train a
small Whisper, AV-HuBERT and Llama on it, in the file formats of the real ones.
"""

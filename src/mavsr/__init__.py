"""Matryoshka audio-visual speech recognition, from videos to the papers' tables.

Seven stages, each a subpackage: corpus, mouths, noise, features, training, evaluation, report.
Every stage's jobs run as ``python -m mavsr.<stage>.<verb>``, under Snakemake or by hand.
"""

__version__ = "0.1.0"

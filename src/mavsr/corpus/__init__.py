"""Stage 1: find or make a corpus, check it, and write one manifest per split."""

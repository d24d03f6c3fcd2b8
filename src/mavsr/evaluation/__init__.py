"""Stage 6: decode a split at one scale, write hypotheses, and score them."""

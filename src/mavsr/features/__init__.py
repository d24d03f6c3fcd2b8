"""Stage 4: run the frozen encoders once per clip and cache their tokens."""

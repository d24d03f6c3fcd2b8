"""Facts about the encoders' tokens that stages on both sides of the cache share."""

TOKENS_PER_SECOND = {"audio": 50, "video": 25}
"""Modality -> rate of its encoder before compression (Llama-MTSK, Sec. 4.1)."""
MINIMUM_AUDIO_TOKENS = 25
"""A clip keeps at least so many audio tokens, even if it is shorter (Llama-AVSR's public code)."""
FULL_BELOW = 50
"""Clips of fewer audio tokens (1 s) are stored in full where others are pooled."""
LARGEST_POOLED_RATE = FULL_BELOW - 5
"""Aligning a clip to its video drops up to four audio tokens; what is left must fill one group."""
BYTES = {"float16": 2, "bfloat16": 2, "float32": 4}
"""Of a number, by the type that tokens are stored in."""

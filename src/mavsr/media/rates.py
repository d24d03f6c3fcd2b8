"""The rates at which every clip is kept: those of LRS2, LRS3 and both encoders."""

FRAME_RATE = 25
SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAME_RATE

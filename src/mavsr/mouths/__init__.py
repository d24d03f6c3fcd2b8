"""Stage 2: detect the face, align it, crop the mouth to 96x96, keep the audio."""

from mavsr.mouths.align import crop_mouths
from mavsr.mouths.landmarks import detect_landmarks

__all__ = ["crop_mouths", "detect_landmarks"]

"""How utterances are decoded; nothing is taken from a checkpoint's own generation settings."""

from dataclasses import dataclass, field

from mavsr.errors import InputError

PROFILES = ("deterministic", "paper")


@dataclass(frozen=True)
class SamplingSettings:
    """Beam sampling; for profile ``paper``.

    The public code asks for none, but the ``generation_config.json`` of Llama 3 does, with these
    values, and so it samples. Ours draws by utterance and seed: the profile has the public code's
    distribution, not its draws.
    """

    temperature: float = 0.6
    """Divides log-probabilities before tokens are drawn."""
    top_k: int = 50
    """Only so many of the likeliest tokens can be drawn; 0 sets no bound. 50 is the library's own
    default, which the public code leaves in force."""
    top_p: float = 0.9
    """Only the likeliest tokens that hold this much probability can be drawn."""
    seed: int = 0
    """With an utterance's key it decides what is drawn for it."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise InputError(
                f"decoding.sampling.temperature is {self.temperature}; it must be positive"
            )
        if self.top_k < 0:
            raise InputError(f"decoding.sampling.top_k is {self.top_k}; give 0 or more")
        if not 0 < self.top_p <= 1:
            raise InputError(
                f"decoding.sampling.top_p is {self.top_p}; it must be above 0 and at most 1"
            )


@dataclass(frozen=True)
class DecodingSettings:
    """Beam search over a batch of utterances."""

    profile: str = "deterministic"
    """``deterministic`` takes the likeliest continuations, ``paper`` draws them."""
    beams: int = 15
    """Beam width (15 in the papers)."""
    max_new_tokens: int = 32
    """Longest hypothesis, tokens (32 in the public code)."""
    batch_tokens: int = 6000
    """Most tokens in a batch's cache: utterances x (longest prefix + beams x max_new_tokens)."""
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    """Of profile ``paper``."""

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise InputError(
                f"decoding.profile {self.profile!r} is unknown; choose from {', '.join(PROFILES)}"
            )
        for name in ("beams", "max_new_tokens", "batch_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"decoding.{name} is {getattr(self, name)}; it must be at least 1")

"""Speed of decoding: a token budget of utterances at once against one by one, both with beam 15.

Three ways over the same random model and clips, in one run: this project's search one by one and in
batches, and Hugging Face's ``generate`` in the same batches. All must give the same transcripts.
The LLM has the shape of config.yaml's toy model. Where there is a GPU, one of Llama 3.2 1B's shape
in bfloat16 is measured too; transcripts may then differ where rounding decides.
Wanted: batches at least 1.7 times as fast on two cores, 8 times on a GPU.

    python benchmarks/decoding.py
"""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from mavsr.command import run_command
from mavsr.evaluation.settings import DecodingSettings
from mavsr.evaluation.transcribe import plan_batches, transcribe
from mavsr.model.avsr import MatryoshkaModel, Utterance
from mavsr.model.scales import Scale
from mavsr.model.sequence import PROMPTS, pad_left
from mavsr.model.settings import ModelSettings
from mavsr.toy.llama import train_tokenizer

SCALE = Scale(4, 2)
DIMS = {"audio": 128, "video": 128}
SMALL = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4}
LARGE = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16}


def decoding(clips: int = 60, repeats: int = 3, threads: int = 0) -> None:
    """Print the ratios.

    Args:
        clips: random clips of 1 to 4 s.
        repeats: rounds in which the ways take turns; medians are printed.
        threads: CPU threads; 0 is one per core.
    """
    if threads:
        torch.set_num_threads(threads)
    with TemporaryDirectory() as folder:
        measure(Path(folder) / "small", SMALL, torch.float32, "cpu", 12, clips, repeats)
        if torch.cuda.is_available():
            measure(Path(folder) / "large", LARGE, torch.bfloat16, "cuda", 32, clips, repeats)


def measure(
    folder: Path,
    shape: dict,
    dtype: torch.dtype,
    device: str,
    longest: int,
    clips: int,
    repeats: int,
) -> None:
    """Time the three ways over a random LLM of ``shape``, and compare their transcripts."""
    save_llm(folder, shape, dtype)
    model = MatryoshkaModel(settings(folder), DIMS).to(device).eval()
    utterances = [random_clip(number) for number in range(clips)]
    one = DecodingSettings(max_new_tokens=longest, batch_tokens=1)
    many = DecodingSettings(max_new_tokens=longest, batch_tokens=6000 if device == "cpu" else 60000)
    ways = {
        "one by one": lambda: batched(model, utterances, one),
        "batches": lambda: batched(model, utterances, many),
        "generate, batches": lambda: generate(model, utterances, many),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    texts: dict[str, dict[str, str]] = {}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            texts[name] = way()
            seconds[name].append(time.perf_counter() - started)
    base = statistics.median(seconds["one by one"])
    print(f"{clips} clips, hidden {shape['hidden_size']}, {device}, beam {one.beams}")
    for name, found in texts.items():
        same = sum(found[key] == text for key, text in texts["one by one"].items())
        took = statistics.median(seconds[name])
        print(f"  {name}: {took:.2f} s, {base / took:.2f} times as fast, {same} of {clips} alike")


def batched(
    model: MatryoshkaModel, utterances: list[Utterance], chosen: DecodingSettings
) -> dict[str, str]:
    """This project's search."""
    by_key = {u.key: u for u in utterances}
    found: dict[str, str] = {}
    for batch in plan_batches({u.key: len(u.tokens["video"]) for u in utterances}, chosen):
        texts = transcribe(model, [by_key[key] for key in batch], SCALE, chosen)
        found.update(zip(batch, texts, strict=True))
    return found


@torch.inference_mode()
def generate(
    model: MatryoshkaModel, utterances: list[Utterance], chosen: DecodingSettings
) -> dict[str, str]:
    """Hugging Face's search, which repeats the prefix for every beam."""
    by_key = {u.key: u for u in utterances}
    end = model.tokenizer.eos_token_id
    found: dict[str, str] = {}
    for batch in plan_batches({u.key: len(u.tokens["video"]) for u in utterances}, chosen):
        model.adapter.activate(SCALE)
        inputs, mask = pad_left(model.prefixes([by_key[key] for key in batch], SCALE))
        output = model.llm.generate(
            inputs_embeds=inputs,
            attention_mask=mask,
            generation_config=GenerationConfig(
                num_beams=chosen.beams,
                do_sample=False,
                max_new_tokens=chosen.max_new_tokens,
                eos_token_id=end,
                pad_token_id=end,
            ),
        )
        texts = model.tokenizer.batch_decode(
            output, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        found.update(zip(batch, (text.strip() for text in texts), strict=True))
    return found


def random_clip(number: int) -> Utterance:
    """Random tokens of 1 to 4 s."""
    draw = torch.Generator().manual_seed(number)
    frames = 25 + number * 75 // 60 % 76
    return Utterance(
        f"clip{number:03}",
        "",
        {
            "audio": torch.randn(2 * frames, DIMS["audio"], generator=draw),
            "video": torch.randn(frames, DIMS["video"], generator=draw),
        },
    )


def settings(folder: Path) -> ModelSettings:
    """An MS model over the LLM in ``folder``."""
    return ModelSettings(
        task="avsr",
        method="mtsk-ms",
        compression="avgpool",
        audio_rates=(4,),
        video_rates=(2,),
        llm=str(folder),
        llm_revision=None,
        lora_rank=32,
        lora_scale=0.125,
        projector_hidden=256,
        projector_layer_norm=False,
        seed=0,
    )


def save_llm(folder: Path, shape: dict, dtype: torch.dtype) -> None:
    """A random Llama of ``shape``; wide initial weights, so that its transcripts differ."""
    words = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("a", "ey", "ix", "oon")]
    tokenizer = train_tokenizer([" ".join(words), *PROMPTS.values()], 512)
    torch.manual_seed(0)
    llm = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            num_attention_heads=4 if shape is SMALL else 32,
            num_key_value_heads=4 if shape is SMALL else 8,
            initializer_range=0.1 if shape is SMALL else 0.02,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            **shape,
        )
    )
    (llm.bfloat16() if dtype is torch.bfloat16 else llm).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    run_command(decoding)

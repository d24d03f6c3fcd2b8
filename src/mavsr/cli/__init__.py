"""The console command ``mavsr``: what a person asks outside the workflow.

``mavsr transcribe MODEL talk.mp4 --scale 4,2``; ``python -m mavsr`` is the same. Each command is a
module here with ``arguments(parser)`` and ``run(given)``. It imports what it runs only in ``run``,
so that help comes at once.
"""

import argparse
import inspect
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

from mavsr import __version__
from mavsr.command import collect_garbage, errors_as_messages

COMMANDS = {
    "corpus check": ("corpus_check", "what a corpus holds, beside the papers' numbers"),
    "corpus export": ("corpus_export", "mouth crops in auto_avsr's layout"),
    "export": ("export", "one scale of a trained model, for plain PEFT"),
    "features verify": ("features_verify", "whether cached features are what was indexed"),
    "import": ("import_checkpoint", "a checkpoint that the authors released, as a model of ours"),
    "plan": ("plan", "jobs, hours, disk and memory of a config, before it runs"),
    "seal": ("seal", "take over models and data of an earlier version"),
    "serve": ("serve", "a web page on this machine that shows a model at every rate"),
    "status": ("status", "what is done, running, failed and left, and why"),
    "time": ("time", "how long a model takes for files at its scales"),
    "transcribe": ("transcribe", "what is said in videos of your own"),
    "yardstick": ("yardstick", "Whisper's own word error rate on the test split"),
}
"""Words -> (module of this package, what the command tells). All that a new command needs."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """End the process with what is wrong and where help is."""
        self.exit(2, f"error: {message}; `{self.prog} --help` shows how it is called\n")


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults behind each argument that has one; the description as its author broke it."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, []):
            return action.help
        return super()._get_help_string(action)


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the first words name; exit with status 2 if there is none.

    Args:
        arguments: words of the command line; those of this process if not given.

    """
    collect_garbage()
    words = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files come out as they are
    for name, (module, _) in COMMANDS.items():
        given = name.split()
        if words[: len(given)] == given:
            command = import_module(f"mavsr.cli.{module}")
            parser = Parser(
                prog=f"mavsr {name}",
                description=inspect.getdoc(command),
                formatter_class=_Help,
                allow_abbrev=False,
            )
            command.arguments(parser)
            chosen = parser.parse_intermixed_args(words[len(given) :])
            with errors_as_messages(), _reader_may_stop():
                command.run(chosen)
            return
    if words == ["--version"]:
        print(f"mavsr {__version__}")
        return
    asked = not words or words[0] in ("-h", "--help")
    print(overview(), file=sys.stdout if asked else sys.stderr)
    if not asked:
        sys.exit(2)


@contextmanager
def _reader_may_stop() -> Iterator[None]:
    """End quietly when whoever reads the output has seen enough, as in ``mavsr status | head``.

    Nobody reads it where the process began with its output closed.
    """
    try:
        yield
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


def overview() -> str:
    """List the commands with what they tell."""
    width = max(map(len, COMMANDS))
    rows = [f"  mavsr {name:{width}}  {told}" for name, (_, told) in sorted(COMMANDS.items())]
    return "\n".join(["Commands (each takes --help):", *rows])


if __name__ == "__main__":
    main()

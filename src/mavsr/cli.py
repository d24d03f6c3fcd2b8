"""The console command: ``mavsr <what> <verb>``, for what a person asks outside the workflow.

``mavsr corpus check --configfile workflow/configs/paper.yaml``; ``python -m mavsr`` is the same.
A command is a function with the name of its module's last part; its signature is its command line.
"""

import sys
from importlib import import_module

from mavsr.command import run_command

COMMANDS = {
    "corpus check": ("mavsr.corpus.check", "what a corpus holds, beside the papers' numbers"),
    "features plan": (
        "mavsr.features.plan",
        "room and arithmetic of the features to be made",
    ),
    "export": ("mavsr.model.export", "one scale of a trained model, for plain PEFT"),
    "import": (
        "mavsr.importing.import_checkpoint",
        "a checkpoint that the authors released, as a model of ours",
    ),
    "features verify": ("mavsr.features.verify", "whether cached features are what was indexed"),
    "status": ("mavsr.status.status", "what is done, running, failed and left, and why"),
    "transcribe": (
        "mavsr.recognition.transcribe",
        "what is said in videos of your own",
    ),
    "plan": ("mavsr.plan.plan", "jobs, hours, disk and memory of a config, before it runs"),
}
"""Words -> (module, what the command tells). A line here is all that a new command needs."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the first words name; exit with status 2 if there is none.

    Args:
        arguments: words of the command line; those of this process if not given.

    """
    words = sys.argv[1:] if arguments is None else arguments
    for name, (module, _) in COMMANDS.items():
        given = name.split()
        if words[: len(given)] == given:
            function = getattr(import_module(module), module.rpartition(".")[2])
            run_command(function, words[len(given) :], f"mavsr {name}")
            return
    asked = not words or words[0] in ("-h", "--help")
    print(overview(), file=sys.stdout if asked else sys.stderr)
    if not asked:
        sys.exit(2)


def overview() -> str:
    """List the commands with what they tell."""
    width = max(map(len, COMMANDS))
    rows = [f"  mavsr {name:{width}}  {told}" for name, (_, told) in sorted(COMMANDS.items())]
    return "\n".join(["Commands (each takes --help):", *rows])


if __name__ == "__main__":
    main()

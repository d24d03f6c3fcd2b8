"""Results on another disk: ``results`` becomes a link to where the config wants them."""

from pathlib import Path

from mavsr.errors import InputError

RESULTS = Path("results")


def link_results(results_dir: str | None, link: Path = RESULTS) -> None:
    """Let ``link`` lead to ``results_dir``, which is made if only it itself is missing.

    Every path of the workflow begins with ``results/``, and so do Snakemake's records; with a link
    neither changes. Without ``results_dir`` nothing is touched, so a link of the user's own stays.

    Args:
        results_dir: a folder; ``~`` is the user's home.
        link: where the workflow looks for results.

    Raises:
        InputError: ``link`` is a folder or leads elsewhere, where results may lie already, or the
            folder that should hold ``results_dir`` is missing (a disk that is not mounted).
    """
    if results_dir is None:
        return
    target = Path(results_dir).expanduser().absolute()
    if link.is_symlink() and link.readlink() == target and target.is_dir():
        return
    if link.is_symlink() and link.resolve() != target.resolve():
        raise InputError(
            f"config: results_dir is {results_dir}, but {link} leads to {link.readlink()}; "
            "move what is there and remove the link, or use a second clone for the other place"
        )
    if link.exists() and not link.is_symlink():
        raise InputError(
            f"config: results_dir is {results_dir}, but {link}/ is a folder; move it: "
            f"mv {link} '{target}'"
        )
    if not target.parent.is_dir():
        raise InputError(
            f"config: results_dir is {results_dir}, but {target.parent} is no folder; is its disk "
            "mounted?"
        )
    target.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target)

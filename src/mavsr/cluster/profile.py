"""Where the profile lies that Snakemake is reading."""

import inspect
from pathlib import Path

SHIPPED = Path("workflow/profiles/slurm")


def profile_folder() -> Path:
    """Folder of the profile that Snakemake is reading; the one that is shipped if it reads none.

    A profile's expressions are not told where they stand, and a copy of a profile that read the
    original's files would submit jobs to another site. So it is asked of the function that reads.
    """
    frame = inspect.currentframe()
    while frame is not None:
        if (
            frame.f_globals.get("__name__") == "snakemake.profiles"
            and "profile_dir" in frame.f_locals
        ):
            return Path(frame.f_locals["profile_dir"])
        frame = frame.f_back
    return SHIPPED

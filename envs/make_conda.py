"""Write the conda environment mavsr.yaml from requirements.lock: ``make lock``."""

import re
from pathlib import Path

HEADER = """\
# For `snakemake --software-deployment-method conda`: all of requirements.lock, written by
# `make lock`. The list is complete, and some packages name outdated dependencies, so
# pip must not look for any:
#     PIP_NO_DEPS=1 PYTHONPATH="$PWD/src" snakemake --software-deployment-method conda \\
#         --conda-not-block-search-path-envvars ...
name: mavsr
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def main() -> None:
    """Strip the hashes from the lock and write what is left as the pip section."""
    folder = Path(__file__).parent
    lock = (folder / "requirements.lock").read_text()
    pins = re.findall(r"^(\S+==[^\\\n]+?) *\\?$", lock, re.MULTILINE)
    (folder / "mavsr.yaml").write_text(HEADER + "".join(f'      - "{pin}"\n' for pin in pins))


if __name__ == "__main__":
    main()

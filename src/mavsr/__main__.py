"""``python -m mavsr`` is the console command ``mavsr``."""

from mavsr.cli import main

main()

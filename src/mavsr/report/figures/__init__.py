"""One module per kind of figure; ``mavsr.report.figure`` knows which makes which."""

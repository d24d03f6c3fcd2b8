"""One module per kind of table; ``mavsr.report.table`` knows which makes which."""

"""`python -m ocppdiag_local` is `ocppdiag`."""

from ocppdiag_local.cli import main

main()

"""`python -m ocppdiag_local` is `ocppdiag`."""

from ocppdiag_local.command import main

main()

"""How every process of ours starts, logs, is looked at and stops.

Nothing is imported here: `python -m ocppdiag_process.probe` runs every few seconds.
"""

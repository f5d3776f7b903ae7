"""The laboratory: rows are started, pinned, loaded in turns and measured. `run.py` is the way in."""

"""What the proofs of durability share: crash.py, power_loss.py, damage.py and io_errors.py.

| module | job |
|---|---|
| `rows.py` | what a row of a test holds: its vector and payload, made up from two stamps |
| `history.py` | the oracle: writes sent and acknowledged, and what may be found after a crash |
| `operations.py` | the mixed load: one function per kind of operation |
| `workers.py` | clients that run the mix at once, each with a history of its own |
| `checking.py` | a directory or a server against the histories |
| `preload.py`, `tracked.c` | building a library to preload; which files are the server's |
| `recorder.c`, `recording.py` | every write and barrier in one order, written and read |
| `disk.py` | what is durable after each record, and what a power cut may leave |
| `failing.c` | fails the n-th call |
| `pages.py`, `damaged.py` | kinds of damage to a data file, and what became of one |
"""

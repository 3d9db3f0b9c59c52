"""Foreign nodes: programs in any language that speak the protocol on their standard input and output.

Nothing here knows of scenarios, of the simulated world, or of the log: a child process with its pipes (``child.py``),
the waiting for several of them (``children.py``), whether one has anything left to do (``rest.py``), what may be left
of it once it is killed (``remains.py``) and who ends that where we are killed ourselves (``guardian.py``), and what its
lines say (``lines.py``).
"""

"""The parts of the REPL: commands as data, parsing, completion, the session, and what is shown."""

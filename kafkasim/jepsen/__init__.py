"""Jepsen's own files: EDN, its notation, and ``history.edn``, read and written."""

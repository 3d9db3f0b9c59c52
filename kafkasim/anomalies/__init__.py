"""The anomalies by example: small histories, in a notation to be read, that show each of them or come close.

Tests run them, the reference prints them, and ``kafkasim explain`` shows them.
"""

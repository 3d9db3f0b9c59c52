"""A Kafka-style log that people can type to, break and prove."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafkasim.core import LogEngine

__all__ = ["LogEngine", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`LogEngine`, once it is asked for: whoever wants a part of the package alone does not wait for the log's imports.

    >>> import kafkasim
    >>> kafkasim.LogEngine().send("k1", "hello")
    0
    """
    if name == "LogEngine":
        from kafkasim.core import LogEngine  # noqa: PLC0415 - who never asks for it does not wait for the log's imports

        return LogEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

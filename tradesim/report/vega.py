"""The drawing package, which is of the extra ``charts``; charts import it from here."""

from tradesim.extras import extra

with extra("charts", "charts need altair"):
    import altair as alt

__all__ = ["alt", "check_renderer"]


def check_renderer() -> None:
    """Raise :class:`~tradesim.errors.PackageError` where no chart can be written to a file."""
    with extra("charts", "charts in files need vl-convert-python"):
        import vl_convert  # noqa: F401

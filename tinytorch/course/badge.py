"""The badge that opens a released notebook in Google Colab, where settings.ini gives the link; nothing where it does not."""

from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

__all__ = ["ColabBadge"]

IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"


class ColabBadge(NbGraderPreprocessor):
    """Puts the badge under the title of the first cell."""

    link = Unicode("", help="Where the badge leads; no badge where it is empty").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        first = nb.cells[0] if nb.cells else None
        if self.link and first and first.cell_type == "markdown":
            title, _, text = first.source.partition("\n")
            first.source = f"{title}\n\n[![Open in Colab]({IMAGE})]({self.link})\n{text}"
        return nb, resources

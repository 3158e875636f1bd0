"""The documentation site: `make docs`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

project = "TinyTorch course"
author = "the authors of this repository"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.doctest", "reference_notebooks"]
exclude_patterns = ["_build", "_ext", "README.md"]
html_theme = "furo"
html_title = "TinyTorch course"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# A reader gets the pages, not the files that they were made from.
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]
# The notebooks come executed, with solutions cut, from the extension `reference_notebooks`.
nb_execution_mode = "off"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
linkcheck_timeout = 10

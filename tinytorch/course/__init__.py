"""The author's and the instructor's command: one file for each verb."""

import sys

# Whoever imports nbformat gets jsonschema, which loads a grammar for URIs: 1.5 s, for a check that no notebook needs.
# It is optional to jsonschema; here it counts as not installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

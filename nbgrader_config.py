"""nbgrader's settings, for plain `nbgrader` and the formgrader; what an instructor sets stands in settings.ini."""

import os
from pathlib import Path

from tinytorch.course.settings import load, seeds

settings = load(home=Path(__file__).parent)

c = get_config()  # noqa: F821 (nbgrader defines it)
c.CourseDirectory.course_id = settings.course_id
c.CourseDirectory.root = str(settings.course)
c.CourseDirectory.db_url = settings.gradebook
c.Execute.timeout = settings.cell_seconds
c.ColabBadge.link = settings.colab
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "tinytorch.course.badge.ColabBadge",
    "nbgrader.preprocessors.LockCells",
    "tinytorch.course.stubs.NamedStubs",  # nbgrader's ClearSolutions, with named stubs
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    # Once more: the hidden tests are gone now.
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# The hidden inputs of an assignment, for the kernels that nbgrader starts.
os.environ["TINYTORCH_SEEDS"] = seeds(settings.course)

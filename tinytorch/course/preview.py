"""`preview`: the notebook as a student will see it, as one HTML page, without publishing anything."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from tinytorch.course import settings as ini
from tinytorch.course.build import build, write
from tinytorch.course.errors import CourseError
from tinytorch.course.modules import find

__all__ = ["preview"]


def preview(name: str, course: Path | None = None) -> Path:
    """Write `course/preview/MODULE.html`; figures of cells that show something are those of an untouched notebook."""
    from nbconvert import HTMLExporter

    from tinytorch.course import nbgrader

    module, settings = find(name), ini.load(course)
    build([name], course)
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        shutil.copytree(settings.course / "source" / module.name, scratch / "source" / module.name)
        if problem := nbgrader.run("GenerateAssignment", scratch, f"sqlite:///{scratch / 'gradebook.db'}", module.name):
            raise CourseError(f"{module.name}: nbgrader cannot make the student's notebook: {problem}")
        text, _ = HTMLExporter().from_filename(str(module.built(scratch, "release")))
    target = settings.course / "preview" / f"{module.name}.html"
    write(target, text)
    return target

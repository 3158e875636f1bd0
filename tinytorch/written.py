"""Where an answer was written: in the notebook, or taken from the package.

Apart from `tinytorch.probes`, so that a module that `probes` needs can be graded without it.
"""

import dis
import inspect
import types
from collections.abc import Collection, Iterator
from typing import Any

__all__ = ["written_here"]


def written_here(answer: Any, reference: str = "tinytorch.core.optimizers", apart: Collection[str] = ()) -> bool:
    """Whether a class or function is defined in the notebook, and neither inherits nor calls the module `reference`.

    `apart`: functions of other exercises, each with a check of its own, that it may call wherever they come from.
    """
    answer = getattr(answer, "func", answer)  # functools.partial
    members = list(vars(answer).values()) if inspect.isclass(answer) else [inspect.unwrap(answer)]
    parents = inspect.getmro(answer) if inspect.isclass(answer) else ()
    origins = {name for member in members if inspect.isfunction(member) for name in _origins(member, apart)}
    origins.update(parent.__module__ for parent in parents)
    return getattr(answer, "__module__", "") == "__main__" and reference not in origins


def _origins(function: types.FunctionType, apart: Collection[str]) -> Iterator[str]:
    """The modules that a function imports, and those from which the global names in its code come."""
    pending, package = [function.__code__], ""
    while pending:
        code = pending.pop()
        pending.extend(constant for constant in code.co_consts if inspect.iscode(constant))
        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME":
                package = str(step.argval)
                yield package
            elif step.opname == "IMPORT_FROM":
                yield f"{package}.{step.argval}"
            elif step.opname == "LOAD_GLOBAL":
                value = function.__globals__.get(step.argval)
                if step.argval in apart and getattr(value, "__name__", "") == step.argval:
                    continue
                yield str(getattr(value, "__name__" if inspect.ismodule(value) else "__module__", ""))

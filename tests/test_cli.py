"""The command: its verbs, its three exit codes, and how fast it answers."""

import errno
import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, WINDOWS, processor_seconds

from tinytorch.__main__ import _known

VERBS = [
    "build", "release", "grade", "feedback", "grades", "collect", "report", "validate", "export", "demo", "pull",
    "grade-one", "new", "check", "preview",
]  # fmt: skip


def test_help_names_every_verb(tinytorch):
    said = tinytorch("--help").stdout
    assert all(f"  {verb} " in said for verb in VERBS), said
    assert "..." not in said.partition("Commands:")[2], "a line is cut off at 80 columns"


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_an_example(tinytorch, verb):
    assert f"xample: tinytorch {verb} " in " ".join(tinytorch(verb, "--help").stdout.split())


def test_help_answers_in_half_a_second(tinytorch):
    assert processor_seconds(lambda: tinytorch("--help")) < 0.5



@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_a_course(tinytorch, verb):
    assert "--course" in tinytorch(verb, "--help").stdout


@pytest.mark.parametrize("words", [
    ("build", "nothing"), ("release", "nothing"), ("grade", "08"), ("feedback", "08"), ("grades",),
    ("pull", "08"), ("validate", "nothing.ipynb"), ("export", "nothing.ipynb"), ("demo", "--course", str(ROOT)),
], ids=lambda words: words[0])  # fmt: skip
def test_what_cannot_be_done_is_one_line_and_exit_code_2(tinytorch, tmp_path, words):
    course = [] if words[0] in ("validate", "export", "demo") else ["--course", str(tmp_path / "none")]
    done = tinytorch(*words, *course)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "none").exists()


def test_output_that_cannot_be_written_is_one_line():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "tinytorch", "--help"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, encoding="utf-8", timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "no space" in done.stderr, done.stderr


def test_a_folder_that_is_gone_is_one_line(tmp_path):
    script = "import os, tempfile; place = tempfile.mkdtemp(); os.chdir(place); os.rmdir(place); from tinytorch.__main__ import main; import sys; sys.argv[1:] = ['grades']; main()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "is gone" in done.stderr, done.stderr


SAID = {  # a natural mistake -> what the one line says
    "a word that is no verb": (("grad", "08"), "no such command 'grad'"),
    "a word that is missing": (("collect", "08"), "missing argument 'ZIP'"),
    "no number": (("grade", "08", "--workers", "0"), "'--workers'"),
    "a student's verb without its word": (("validate",), "NOTEBOOK"),
    "a path for a name": (("grade", "course/release/08_optimizers"), "a name, not a path"),
    "another course's assignment": (("grade", "ps1"), "another course: --course DIR"),
    "a folder that is no course": (("grade", "ps1", "--course", "/usr"), "/usr: has no assignment 'ps1'; there are: none"),
    "a file for a folder": (("release", "01", "--course", "README.md"), "README.md"),
    "no archive": (("collect", "01", "nothing.zip", "--roster", "x.csv"), "No such file"),
    "how to fill in no file": (("grades", "--scale"), "name it with --into FILE"),
    "a folder that cannot be written": (("release", "01", "--course", "/proc/nowhere"), "/proc/nowhere"),
}


@pytest.mark.parametrize("words, said", SAID.values(), ids=SAID.keys())
def test_a_mistake_is_one_line(tinytorch, words, said):
    done = tinytorch(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_copy_that_finds_no_room_says_where():
    assert _known(OSError(errno.ENOSPC, "No space left on device", "from", None, "to")).startswith("to: No space")


def test_a_name_that_the_terminal_cannot_show_ends_nothing():
    script = "import sys; from tinytorch.course import cli; cli.app = lambda **_: print(chr(0x540d)); from tinytorch.__main__ import main; main()"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=env, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"\\u540d\n"), done.stderr


def test_ctrl_c_is_one_line():
    command = [sys.executable, "-m", "tinytorch", "demo"]
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, start_new_session=True, preexec_fn=heard) as running:
        time.sleep(3)
        os.killpg(running.pid, signal.SIGINT)
        said = running.communicate(timeout=60)[1]
    assert running.returncode == 2 and "stopped by you" in said and "Traceback" not in said, said


IN_A_TEXT = """import tinytorch.__main__ as command
from tinytorch.course import cli
cli.app = lambda **about: exec("raise KeyboardInterrupt")
command.main()"""


def test_ctrl_c_in_a_text_that_is_being_run(tmp_path):
    """A dataclass is made by one, at many an import."""
    (tmp_path / "odd.py").write_text(IN_A_TEXT)
    done = subprocess.run([sys.executable, "-m", "odd"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n"), "stopped by you" in done.stderr) == (2, 1, True)


CTRL_C = """import os, signal, time
from tinytorch.course import shared, workers
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with workers.executor(shared.Options(workers=2)) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        print([pool.submit(abs, -k).result() for k in range(5)])
        pool.submit(time.sleep, 600)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print("stopped")"""


IN_A_FORK = """import os, signal
from tinytorch.course import shared, workers
signal.signal(signal.SIGINT, signal.default_int_handler)
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    workers.executor(shared.Options(workers=2))
except KeyboardInterrupt:
    print("stopped")"""


def test_ctrl_c_while_the_workers_are_being_started():
    """Python itself drops one that falls into a fork, and the run went on to its end."""
    done = subprocess.run([sys.executable, "-c", IN_A_FORK], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


def test_workers_leave_ctrl_c_to_their_grader():
    """One with nothing to do says nothing, and nobody waits for one that has much to do."""
    done = subprocess.run([sys.executable, "-c", CTRL_C], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0, 1, 2, 3, 4]\nstopped\n", "")


@pytest.mark.parametrize("verb, missing", [("build", "jupytext"), ("release", "nbgrader")])
def test_a_missing_extra_is_said(verb, missing, project):
    """As where only NumPy and what a student needs are installed."""
    script = f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = [{verb!r}, '08']; from tinytorch.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", env=None, cwd=Path.cwd())
    assert done.returncode == 2
    assert f"{missing} is not installed" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["grade 08", "grade-one 08 README.md"])
def test_grading_says_where_it_cannot_run(words, tmp_path):
    """As on Windows: one line, and the splitting of cells, which a build needs, works there too."""
    (tmp_path / "sitecustomize.py").write_text(WINDOWS)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "tinytorch", *words.split(), "--course", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=env, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "grading needs Linux" in done.stderr
    split = "from tinytorch.grader.plan import unsplittable; assert unsplittable({'cells': []}) == {}"
    assert subprocess.run([sys.executable, "-c", split], env=env, cwd=ROOT).returncode == 0


def test_the_package_of_importers_needs_numpy_only():
    script = "import sys; import tinytorch.core.optimizers; print([m for m in sys.modules if '.' not in m])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    loaded = set(eval(done.stdout)) - sys.stdlib_module_names
    assert {name for name in loaded if not name.startswith("_")} <= {"numpy", "tinytorch", "sitecustomize"}

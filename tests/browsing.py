"""A Jupyter server of one's own and a page in Debian's Chromium, for the browser tests."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
# Only cells in view are drawn by default; a test wants all of them.
SETTINGS = {"@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
            "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False}}  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def jupyter(folder: Path, scratch: Path, **env: str) -> Iterator[str]:
    """A server over `folder` with settings of its own; its address."""
    for name, values in SETTINGS.items():
        path = scratch / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0",
               "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--LabApp.user_settings_dir={scratch / 'settings'}",
               f"--LabApp.workspaces_dir={scratch / 'workspaces'}", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    clean = {**os.environ, "JUPYTER_CONFIG_DIR": str(scratch / "config"), "JUPYTER_DATA_DIR": str(scratch / "data"), **env}
    with (scratch / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=clean, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}/api", server, scratch / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.3)
    raise AssertionError(log.read_text()[-3000:])


@contextlib.contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator[Any]:
    """A page in Chromium; the test is skipped by name where there is none."""
    sync = pytest.importorskip("playwright.sync_api")
    binary = shutil.which("chromium") or pytest.skip("Chromium is not installed")
    with sync.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=binary, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(40_000)
        try:
            yield page
        except BaseException:
            page.screenshot(path=str(Path(tempfile.gettempdir()) / "browser-failure.png"))
            raise
        finally:
            browser.close()


def shot(page: Any, name: str, **more: Any) -> None:
    """Keep a picture for the documentation, where it was asked for (TINYTORCH_SHOTS=1)."""
    if os.environ.get("TINYTORCH_SHOTS"):
        folder = Path(__file__).parents[1] / "docs" / "_static" / "shots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{name}.png"), **more)

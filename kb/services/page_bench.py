"""How long an officer waits: from pressing the button in a real browser to the answer on the screen.

``xiezhi bench page`` starts a server of its own with one city and reports incidents in Chromium, one after
another, by the form and the Enter key. A round begins with the time stamp that the browser gives the key, and
ends with the second frame after the answer was put into the page: by then the first one has been painted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from kb.errors import ResourceMissing, Text
from kb.services.latency import quantile, reports
from kb.services.loading import Progress
from kb.services.workspace import Workspace

WARM_UP = 5
"""Rounds before those that count: the browser compiles its scripts in the first."""
SERVER = """
import sys
from pathlib import Path
from webapp.serve import serve
serve(Path(sys.argv[1]), port=0, cities=sys.argv[2:], ready=lambda url: print(url, flush=True))
"""
WATCH = """() => {
  window.answered = new Promise((resolve) => {
    let pressed;
    addEventListener("keydown", (event) => { if (event.key === "Enter") pressed ??= event.timeStamp; }, true);
    new MutationObserver((_, watcher) => {
      if (pressed === undefined || !document.querySelector(".answer")) return;
      watcher.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - pressed)));
    }).observe(document.getElementById("screen"), { childList: true, subtree: true });
  });
}"""


@dataclass
class Figures:
    """Milliseconds of each round in *city*."""

    city: str
    times: list[float] = field(default_factory=list)

    def render(self, lang: str) -> str:
        """Return the figures as a line in *lang*."""
        p50, p90, worst = quantile(self.times, 0.5), quantile(self.times, 0.9), max(self.times)
        return Text(
            f"{self.city}：按下回车到答案显示，{len(self.times)} 次（毫秒）："
            f"p50 {p50:.0f}　p90 {p90:.0f}　最大 {worst:.0f}",
            f"{self.city}: from the key to the answer on the screen, {len(self.times)} rounds (ms): "
            f"p50 {p50:.0f}  p90 {p90:.0f}  max {worst:.0f}",
        ).in_(lang)


def measure(city: str, rounds: int, progress: Progress | None = None) -> Figures:
    """Report *rounds* incidents in *city* in a browser and return how long each answer took.

    :raises ResourceMissing: ``bench.browser``: there is no Playwright or no Chromium.
    """
    figures = Figures(city)
    with tempfile.TemporaryDirectory(prefix="xiezhi-page-") as name:
        home = Path(name) / "home"
        with Workspace(home, cities=[city], progress=progress) as workspace:
            told = list(islice(reports(workspace, city), WARM_UP + rounds))
        with _server(home, city) as url, _page() as page:
            for number, report in enumerate(told):
                page.goto(url)
                for field_ in ("type", "grid", "deaths", "seriousInjuries"):
                    page.fill(f"[name={field_}]", str(report.get(field_, "")))
                page.evaluate(WATCH)
                page.keyboard.press("Enter")
                took = page.evaluate("answered")
                if number >= WARM_UP:
                    figures.times.append(took)
                if progress is not None:
                    progress(Text("浏览器中的答案", "answers in the browser"), number + 1, WARM_UP + rounds)
    return figures


@contextmanager
def _server(home: Path, city: str) -> Iterator[str]:
    process = subprocess.Popen(  # noqa: S603 - our own server, in a folder of our own
        [sys.executable, "-c", SERVER, str(home), city], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _page() -> Iterator[Any]:
    """Yield a page of a browser with the size of a duty room's screen."""
    chromium = os.environ.get("XIEZHI_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright  # comes with the tests, not with the package
    except ImportError:
        chromium = None
    if chromium is None:
        raise ResourceMissing.of(
            "bench.browser",
            "没有 Chromium 或 Playwright，无法测量页面",
            "there is no Chromium or no Playwright to measure the page with",
            repair=(
                "安装 chromium 和 xiezhi-governance[dev]，或用 XIEZHI_CHROMIUM 指明浏览器",
                "install chromium and xiezhi-governance[dev], or name the browser by XIEZHI_CHROMIUM",
            ),
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
        finally:
            browser.close()

#!/usr/bin/env python3
"""Takes the README's picture, `docs/page.png`: the page of `outrider demo` in a real Chromium, once it has something to show.

`make picture` runs it with the Python of the tests, which has playwright. Argument 1 is the binary.
"""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

OUT = Path(__file__).resolve().parent.parent / "docs" / "page.png"
ADMIN, INGRESS = "127.0.0.1:19600", "127.0.0.1:18080"
# How long the charts need to have a shape.
MINUTES = 4

demo = subprocess.Popen([sys.argv[1], "demo", "--admin", ADMIN, "--ingress", INGRESS], stdout=subprocess.DEVNULL)
try:
    time.sleep(MINUTES * 60)
    urllib.request.urlopen(f"http://{ADMIN}/readyz", timeout=5)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"http://{ADMIN}/")
        expect(page.locator("#pulse")).to_have_text("live")
        expect(page.locator(".chart .line").first).to_be_attached(timeout=20_000)
        # The rates of the tiles are those of the last seconds.
        page.wait_for_timeout(8_000)
        page.screenshot(path=str(OUT))
        browser.close()
finally:
    demo.terminate()
    demo.wait(timeout=10)
print(f"{OUT}: {OUT.stat().st_size} bytes")
if OUT.stat().st_size >= 200_000:
    sys.exit("the picture is to be smaller than 200 kB")

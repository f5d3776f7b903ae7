"""Looks at the web page of the admin port in a real Chromium, as a person would: `page.py ADMIN INGRESS FOLDER`.

Prints a line for each thing that was seen, and fails with what was not. Screenshots go to FOLDER.
"""

import re
import sys
import threading
import urllib.request

from playwright.sync_api import expect, sync_playwright

ADMIN, INGRESS, FOLDER = sys.argv[1:4]
SECTIONS = ["overview", "endpoints", "services", "alerts", "traces", "query", "coverage", "config"]
stop = threading.Event()


def load():
    """Twenty requests a second, until the end."""
    while not stop.wait(0.05):
        urllib.request.urlopen(f"{INGRESS}/items/7", timeout=10).read()


def number(text):
    return float(re.sub(r"[^0-9.]", "", text) or "0")


def watch(page, faults, asked):
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))


def shoot(page, name):
    page.screenshot(path=f"{FOLDER}/{name}.png")


def overview(page):
    page.goto(f"{ADMIN}/")
    expect(page.locator("#pulse")).to_have_text("live")
    rate = page.locator(".tile .figure").first
    expect(rate).to_contain_text("/s")
    before = number(rate.inner_text())
    threading.Thread(target=load, daemon=True).start()
    page.wait_for_function(
        f"() => parseFloat(document.querySelector('.tile .figure').textContent) > {before + 5}", timeout=20_000
    )
    expect(page.locator(".bars li").first).to_contain_text("/items/{id}")
    expect(page.locator(".chart .line").first).to_be_attached(timeout=20_000)
    shoot(page, "overview-light")
    print("traffic rises while a load runs")


def endpoints(page):
    page.get_by_role("link", name="Endpoints", exact=True).click()
    table = page.get_by_role("table")
    total = table.get_by_role("columnheader", name="Total")
    total.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(total).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Enter")
    expect(total).to_have_attribute("aria-sort", "ascending")
    row = table.get_by_role("button", name="/items/{id}")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name=re.compile("^Latency of GET"))).to_be_visible()
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.locator(".empty-title")).to_have_text("No such endpoint")
    page.get_by_role("searchbox").fill("")
    shoot(page, "endpoints-light")
    print("endpoints are sorted and opened by keyboard")


def alerts(page):
    page.get_by_role("link", name="Alerts").click()
    alert = page.get_by_role("article", name="always")
    alert.get_by_role("button", name="Acknowledge").click()
    alert.get_by_label("Who sees to it?").fill("Ann B")
    page.keyboard.press("Enter")
    expect(alert).to_contain_text("acknowledged by Ann B")
    expect(page.locator("#told")).to_contain_text("acknowledged by Ann B")
    alert.get_by_role("button", name="Suppress").click()
    alert.get_by_label("For how long?").select_option("4 hours")
    alert.locator("form").get_by_role("button", name="Suppress").click()
    expect(alert).to_contain_text("suppressed until")
    expect(page.locator(".moves")).to_contain_text("acknowledged")
    expect(page.locator(".lanes rect").first).to_be_attached()
    shoot(page, "alerts-light")
    print("an alert is acknowledged and suppressed")


def query(page):
    page.get_by_role("link", name="Query").click()
    box = page.get_by_role("textbox", name="PromQL")
    box.fill("sum(")
    page.keyboard.press("Enter")
    expect(page.locator(".wrong")).to_contain_text("parse error")
    box.fill("sum(http_requests_total) or vector(0)")
    page.keyboard.press("Enter")
    expect(page.locator(".wrong")).to_be_hidden()
    expect(page.locator("tbody td.number").first).to_have_text(re.compile(r"^\d+$"))
    print("a query is drawn, and its faults are told")


def traces(page):
    page.get_by_role("link", name="Traces").click()
    first = page.locator(".traces button, .traces .gap").first
    expect(first).to_be_visible(timeout=20_000)
    if page.locator(".traces button").count() == 0:
        print("traces are not seen here, and the page says why")
        return
    first.click()
    expect(page.locator(".waterfall li").first).to_be_visible()
    shoot(page, "traces-light")
    print("a trace is followed")


def colours(page):
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name=re.compile("^Colours"))
    for _ in range(3):
        if page.evaluate("() => document.documentElement.dataset.theme") == "dark":
            break
        button.click()
    dark = page.evaluate(paper)
    assert light != dark and max(map(int, re.findall(r"\d+", dark)[:3])) < 60, (light, dark)
    page.reload()
    assert page.evaluate(paper) == dark, "the choice is kept"
    page.goto(f"{ADMIN}/#overview")
    expect(page.locator(".chart .line").first).to_be_attached(timeout=20_000)
    shoot(page, "overview-dark")
    print("it is dark where dark is chosen")


def everywhere(page):
    """Every section at the size of a phone: nothing runs over the edge, everything that can be pressed has a name."""
    page.set_viewport_size({"width": 390, "height": 844})
    for section in SECTIONS:
        page.goto(f"{ADMIN}/#{section}")
        expect(page.locator("main h1, main h2").first).to_be_attached()
        page.wait_for_timeout(300)
        wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{section} is {wide} pixels too wide for a phone"
        nameless = page.evaluate(
            "() => [...document.querySelectorAll('button, a, input, select, textarea')].filter((e) => e.checkVisibility()"
            " && !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title)).map((e) => e.outerHTML)"
        )
        assert not nameless, f"{section}: {nameless}"
        shoot(page, f"{section}-phone")
    print("every section fits a phone, and everything that can be pressed has a name")


def keyboard(page):
    page.goto(f"{ADMIN}/#overview")
    page.reload()
    expect(page.locator("#pulse")).to_have_text("live")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
    print("the keyboard skips to the content")


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 950}, color_scheme="light")
        page.set_default_timeout(15_000)
        faults, asked = [], []
        watch(page, faults, asked)
        try:
            for look in (overview, endpoints, alerts, query, traces, colours, everywhere, keyboard):
                look(page)
        except Exception:
            shoot(page, "failed")
            print("console:", faults)
            raise
        finally:
            stop.set()
        # The one fault that was asked for.
        faults = [fault for fault in faults if "400 (Bad Request)" not in fault]
        assert not faults, faults
        foreign = [url for url in asked if not url.startswith(f"{ADMIN}/")]
        assert asked and not foreign, foreign
        print("no fault on the console, no request leaves the origin")
        browser.close()


main()

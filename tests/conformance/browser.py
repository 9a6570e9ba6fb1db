"""A headless Chromium, spoken to through its pipe (Chrome DevTools Protocol): no driver, no port, no package."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
KEYS = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "Tab": 9, "Enter": 13, "+": 187, "-": 189, "0": 48}


class Browser:
    """One process of Chromium with one page. What the page logs, asks the network for or throws is kept."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="mzgrid-browser-")
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def take_pipes():
            # To high numbers first, so that neither is overwritten.
            os.dup2(to_browser, 100)
            os.dup2(from_browser, 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             f"--user-data-dir={self.home}", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=take_pipes, env={**os.environ, "HOME": self.home})
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self.read_end, False)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.problems, self.requests, self.events = [], [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        try:
            self.session = None
            self.call("Browser.close", timeout=10)
        except (OSError, TimeoutError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read_end)
        os.close(self.write_end)
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _receive(self, deadline):
        while b"\0" not in self.buffer:
            if time.monotonic() > deadline:
                raise TimeoutError("the browser does not answer")
            try:
                more = os.read(self.read_end, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
                continue
            if not more:
                raise OSError("the browser is gone")
            self.buffer += more
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        name, more = event["method"], event.get("params", {})
        self.events.append(name)
        if name == "Runtime.exceptionThrown":
            self.problems.append(more["exceptionDetails"]["text"] + str(more["exceptionDetails"].get("exception", "")))
        elif name == "Runtime.consoleAPICalled" and more["type"] in ("error", "warning", "assert"):
            self.problems.append(str(more["args"]))
        elif name == "Log.entryAdded" and more["entry"]["level"] in ("error", "warning"):
            self.problems.append(more["entry"]["text"])
        elif name == "Network.requestWillBeSent":
            self.requests.append(more["request"]["url"])

    def call(self, method, timeout=60, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            if "method" in answer:
                self._note(answer)

    def open(self, url, width=1200, height=900, dark=False):
        self.problems, self.requests, self.events = [], [], []
        self.resize(width, height)
        self.scheme(dark)
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 60
        while "Page.loadEventFired" not in self.events:
            message = self._receive(deadline)
            if "method" in message:
                self._note(message)

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def key(self, key):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key],
                      **(text if kind == "keyDown" else {}))

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **more)

    def drag(self, x0, x1, y):
        self.mouse("Moved", x0, y)
        self.mouse("Pressed", x0, y, button="left", buttons=1, clickCount=1)
        for step in range(1, 6):
            self.mouse("Moved", x0 + (x1 - x0) * step / 5, y, button="left", buttons=1)
        self.mouse("Released", x1, y, button="left", clickCount=1)

    def screenshot(self, path, whole=True):
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole, format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

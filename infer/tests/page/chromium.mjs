// Chromium, driven over its debugging pipe: no package is needed for that.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE = 120_000;

/** What a promise gives, or an error where it takes too long. */
function inTime(what, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`never: ${what}`)), PATIENCE); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Chromium's own graphics card in software (SwiftShader), or none at all. */
const GRAPHICS = {
  software: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan", "--use-angle=swiftshader"],
  none: ["--disable-gpu"],
};

/** Starts Chromium with a profile of its own; `close()` ends both. */
export async function startChromium({ program = process.env.CHROMIUM ?? "chromium", graphics = "none" } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "pixelflow-page-"));
  const flags = ["--headless=new", "--no-sandbox", ...GRAPHICS[graphics], "--disable-dev-shm-usage", "--no-first-run"];
  const child = spawn(program, [...flags, "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const [, , , commands, answers] = child.stdio;
  const waiting = new Map();
  const listeners = new Set();
  let [last, rest] = [0, ""];
  const end = (reason) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  child.on("error", (error) => end(`${program} cannot be started: ${error.message}`));
  child.on("exit", (code) => end(`${program} has ended with ${code}`));
  commands.on("error", () => {});
  answers.setEncoding("utf8").on("data", (text) => {
    const messages = (rest + text).split("\0");
    rest = messages.pop();
    for (const { id, method, params, result, error } of messages.map((message) => JSON.parse(message))) {
      if (id === undefined) listeners.forEach((listener) => listener(method, params));
      else if (error) waiting.get(id)?.reject(new Error(error.message));
      else waiting.get(id)?.resolve(result);
      waiting.delete(id);
    }
  });
  const send = (method, params = {}, sessionId = undefined) => inTime(method, new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    commands.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
  }));
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  await Promise.all(["Page", "Runtime", "DOM", "Log"].map((domain) => call(`${domain}.enable`)));
  return {
    page: pageOf(call, listeners),
    async close() {
      await send("Browser.close").catch(() => {});
      child.kill("SIGKILL");
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What a test does with a page. */
function pageOf(call, listeners) {
  const complaints = [];
  listeners.add((method, params) => {
    if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.exception?.description);
    if (method === "Log.entryAdded" && params.entry.level === "error") complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
  });
  /** The value of an expression, which may be a promise. */
  const value = async (expression) => {
    const { result, exceptionDetails } = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  };
  const until = async (expression, what = expression) => {
    const limit = Date.now() + PATIENCE;
    while (!(await value(expression).catch(() => false))) {
      if (Date.now() > limit) throw new Error(`never: ${what}; the page says: ${await value("document.body.innerText")}`);
      await new Promise((resume) => setTimeout(resume, 50));
    }
  };
  const element = (id) => `document.getElementById(${JSON.stringify(id)})`;
  const mouse = (type, [x, y], buttons = 0) => call("Input.dispatchMouseEvent", { type, x, y, button: type === "mouseMoved" ? "none" : "left", buttons, clickCount: 1 });
  const boxOf = async (selector) => {
    const place = `(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.scrollIntoView({ block: "center" });
      const { left, top, width, height } = e.getBoundingClientRect(); return [left, top, width, height]; })()`;
    return value(place);
  };
  return {
    complaints, value, until,
    text: (id) => value(`${element(id)}.textContent`),
    async go(url) {
      let listener;
      const loaded = new Promise((resolve) => {
        listener = (method) => method === "Page.loadEventFired" && resolve();
        listeners.add(listener);
      });
      await call("Page.navigate", { url });
      await inTime(`${url} is loaded`, loaded);
      listeners.delete(listener);
    },
    async click(selector) {
      const [left, top, width, height] = await boxOf(selector);
      const place = [left + width / 2, top + height / 2];
      await mouse("mousePressed", place, 1);
      await mouse("mouseReleased", place);
    },
    /** Drags the mouse over an element, from and to shares of its sides. */
    async drag(selector, from, to) {
      const [left, top, width, height] = await boxOf(selector);
      const place = (share) => [left + share[0] * width, top + share[1] * height];
      await mouse("mouseMoved", place(from));
      await mouse("mousePressed", place(from), 1);
      await mouse("mouseMoved", place(to), 1);
      await mouse("mouseReleased", place(to));
    },
    /** Types into an empty field, and says that it has changed. */
    async type(id, text, key = null) {
      await value(`(() => { const field = ${element(id)}; field.focus(); field.value = ""; })()`);
      await call("Input.insertText", { text: String(text) });
      if (key) {
        for (const type of ["keyDown", "keyUp"]) {
          await call("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: key === "Enter" ? 13 : 0, ...(type === "keyDown" && key === "Enter" && { text: "\r" }) });
        }
      }
      await value(`${element(id)}.dispatchEvent(new Event("change", { bubbles: true }))`);
    },
    /** Gives a file to a file input. */
    async choose(id, path) {
      const { root } = await call("DOM.getDocument");
      const { nodeId } = await call("DOM.querySelector", { nodeId: root.nodeId, selector: `#${id}` });
      await call("DOM.setFileInputFiles", { nodeId, files: [path] });
    },
    async screenshot(path, { width, height, scheme }) {
      await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
      await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      const { data } = await call("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
      await writeFile(path, Buffer.from(data, "base64"));
    },
  };
}

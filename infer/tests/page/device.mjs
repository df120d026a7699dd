// Draws on the page of the browser build, with the graphics card that Chromium imitates in software ("gpu") or with what
// the page chooses by itself, and writes the picture: `infer replay` then says how far it is from this machine's
// processor.
//
//   node infer/tests/page/device.mjs URL gpu|own DEVICE PICTURE.png
//
// DEVICE is how the page should call it.

import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";

import { startChromium } from "./chromium.mjs";

const [url, asked, device, picture] = process.argv.slice(2);
const browser = await startChromium({ graphics: asked === "gpu" ? "software" : "none" });
const { page } = browser;
try {
  const address = new URL(url);
  if (asked === "gpu") address.searchParams.set("device", "gpu");
  await page.go(address.href);
  await page.until(`!document.getElementById("draw").disabled`, "the model is there");
  const model = await page.text("model");
  assert(model.endsWith(` · ${device}`), model);
  await page.type("class", "tengu", "Enter");
  await page.type("seed", "7");
  if (asked === "gpu") {
    // The imitation takes seconds for a step, so there is one of each stage.
    await page.value(`document.querySelectorAll("#steps input").forEach((field) => {
      field.value = 1;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    })`);
  }
  await page.click("#draw");
  await page.until(`/^Done|could not/.test(document.getElementById("status").textContent) && !document.getElementById("draw").disabled`, "done");
  assert.match(await page.text("status"), /^Done/, await page.text("error"));
  const bytes = await page.value(`(async () => {
    const { openStore } = await import(new URL("page/store.js", document.baseURI));
    const [{ blob }] = await (await openStore()).all();
    return [...new Uint8Array(await blob.arrayBuffer())];
  })()`);
  await writeFile(picture, Buffer.from(bytes));
  console.log(`${picture}: ${model}; ${await page.text("status")}`);
  assert.deepEqual(page.complaints, []);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}

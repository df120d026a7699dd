// A walk through the page, as its user takes it: draw, cancel, edit with the brush, give a picture back, reload, and
// choose another model where there is one.
// The page is the server's or that of the browser build; the engine behind it makes no difference to it.
//
//   node infer/tests/page/walk.mjs URL FOLDER
//
// writes screenshots of it to FOLDER, and ends with 1 where the page does not do what it should.

import { strict as assert } from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { startChromium } from "./chromium.mjs";

const [url, folder] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const browser = await startChromium();
const { page } = browser;
const said = (line) => console.log(line);

/** A picture of the gallery with its request, the newest first. */
const pictureOf = (place) => `(async () => {
  const { openStore } = await import(new URL("page/store.js", document.baseURI));
  return (await (await openStore()).all()).reverse()[${place}];
})()`;
/** Levels of red of a picture of the gallery. */
const levels = (place) => page.value(`(async () => {
  const image = await createImageBitmap((await ${pictureOf(place)}).blob);
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return Array.from({ length: image.width * image.height }, (_, i) => data[4 * i]);
})()`);
const pictures = () => page.value(`document.querySelectorAll("#gallery img").length`);
const done = async () => {
  await page.until(`/^Done|could not/.test(document.getElementById("status").textContent) && !document.getElementById("draw").disabled`, "done");
  assert.match(await page.text("status"), /^Done/);
};

async function opens() {
  await page.go(url);
  await page.until(`!document.getElementById("draw").disabled`, "the model is there");
  await page.value(`(() => {
    window.stagesSeen = new Set();
    window.longest = 0;
    new MutationObserver(() => document.querySelectorAll("#pictures figure > img").forEach(({ alt }) => stagesSeen.add(alt)))
      .observe(document.getElementById("pictures"), { subtree: true, childList: true, attributes: true });
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => { longest = Math.max(longest, duration); }))
      .observe({ entryTypes: ["longtask"] });
  })()`);
  said(`open: ${await page.text("model")}`);
}

/** So many steps in each stage. */
const setSteps = (steps) => page.value(`(() => {
  document.querySelectorAll("details.more").forEach((part) => { part.open = true; });
  document.querySelectorAll("#steps input").forEach((field) => {
    field.value = ${steps};
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
})()`);

/** The list of classes has options and nothing else in it, for those who hear it. */
async function picks() {
  const roles = `[...document.querySelectorAll("#class-list > *")].map((line) => line.getAttribute("role"))`;
  for (const [typed, most] of [["no such class", 1], ["", Infinity]]) {
    await page.value(`(() => { const field = document.getElementById("class"); field.focus(); field.value = ${JSON.stringify(typed)}; field.dispatchEvent(new Event("input")); })()`);
    const found = await page.value(roles);
    assert(found.length > 0 && found.length <= most && found.every((role) => role === "option"), `${typed}: ${found}`);
  }
  said("picked: options and nothing else");
}

async function draws() {
  await page.type("class", "tengu", "Enter");
  await page.type("seed", "7");
  // The first stage is over in a few milliseconds else, before the page can listen.
  await setSteps(100);
  await page.click("#draw");
  await done();
  const stages = await page.value(`document.querySelectorAll("#stages li").length`);
  const seen = await page.value("[...stagesSeen]");
  for (let stage = 1; stage <= stages; stage += 1) {
    assert(seen.includes(`Picture 1, stage ${stage}`), `no preview of stage ${stage}: ${seen}`);
  }
  assert.equal(await pictures(), 1);
  assert(new Set(await levels(0)).size > 16, "the picture is flat");
  said(`drawn: ${await page.text("status")} Previews of ${stages} stages; the longest task of the page was ${Math.round(await page.value("longest"))} ms`);
}

async function cancels() {
  await setSteps(200);
  await page.click("#draw");
  await page.until(`/Step/.test(document.getElementById("status").textContent)`, "it is drawing");
  await page.click("#cancel");
  await page.until(`document.getElementById("status").textContent === "Cancelled."`, "cancelled");
  assert.equal(await pictures(), 1);
  await page.click("#defaults");
  said("cancelled");
}

/** Paints a line on the picture from left to right at a third of its height. */
async function edits() {
  await page.click("#gallery button");
  await page.until(`document.getElementById("viewer").open`);
  await page.click("#viewer-edit");
  await page.until(`!document.getElementById("edit-open-part").hidden`, "the picture is open to be edited");
  const refused = `!document.getElementById("error").hidden`;
  await page.click("#edit-painted");
  await page.click("#draw");
  await page.until(refused, "an empty mask is refused");
  assert.match(await page.text("error"), /Paint on the picture/);
  await page.value(`(() => { const brush = document.getElementById("brush"); brush.value = 8; brush.dispatchEvent(new Event("input")); })()`);
  await page.drag("#edit-canvas", [0.2, 0.3], [0.8, 0.3]);
  const share = Number.parseInt(await page.text("edit-share"), 10);
  assert(share > 5 && share < 40, `${share} % are painted`);
  await page.click("#draw");
  await done();
  assert.equal(await pictures(), 2);
  const [after, before] = [await levels(0), await levels(1)];
  const side = Math.sqrt(before.length);
  // The brush is 8 pixels wide; a pixel more on either side for the edge of the line.
  const isKept = (i) => Math.abs(Math.floor(i / side) + 0.5 - 0.3 * side) > 6;
  const changed = before.map((level, i) => level !== after[i]);
  assert.equal(changed.filter((is, i) => is && isKept(i)).length, 0, "pixels outside of the mask have changed");
  assert(changed.some(Boolean), "nothing was drawn anew");
  said(`edited: ${share} % painted, ${changed.filter(Boolean).length} of ${before.length} pixels changed, none outside`);
  await page.click("#edit-remove");
}

/** Writes a picture of the gallery to a file. */
async function saved(place, name) {
  const bytes = await page.value(`(async () => [...new Uint8Array(await (await ${pictureOf(place)}).blob.arrayBuffer())])()`);
  const file = resolve(join(folder, name));
  await writeFile(file, Buffer.from(bytes));
  return file;
}

async function restores() {
  const file = await saved(1, "tengu.png");
  await page.type("seed", "99");
  await page.type("class", "elf", "Enter");
  await page.choose("open", file);
  await page.until(`/settings of tengu.png/.test(document.getElementById("notes").textContent)`, "the settings are back");
  assert.equal(await page.value(`document.getElementById("seed").value`), "7");
  assert.equal(await page.value(`document.getElementById("class").value`), "tengu");
  said("restored from a picture");
}

/** What the recipe of an edit asks for is for its own picture alone. */
async function varies() {
  await page.choose("open", await saved(0, "edited.png"));
  await page.until(`/It is an edit of another picture/.test(document.getElementById("notes").textContent)`, "the edit is restored");
  await page.click("#gallery li:last-child button");
  await page.until(`document.getElementById("viewer").open`);
  await page.click("#viewer-vary");
  await page.until(`document.querySelectorAll("#gallery img").length === 3`, "a variation is drawn");
  await done();
  const { request } = await page.value(`(async () => { const { request } = await ${pictureOf(0)}; return { request: { ...request, edit: { ...request.edit, image: null } } }; })()`);
  const stages = await page.value(`document.querySelectorAll("#stages li").length`);
  assert.deepEqual(request.edit, { image: null, mask: null, from_stage: stages - 1, resample: 1 });
  said("varied from the last stage on");
}

async function reloads() {
  await page.go(url);
  await page.until(`!document.getElementById("draw").disabled`, "the model is there again");
  assert.equal(await pictures(), 3);
  said("reloaded: the gallery has all pictures");
}

/** Draws a prompt with the text demo, where the page has that model beside the other. */
async function drawsAPrompt() {
  if (await page.value(`document.getElementById("models").parentElement.hidden`)) return;
  await page.value(`(() => {
    const field = document.getElementById("models");
    field.value = "demo-text";
    field.dispatchEvent(new Event("change"));
  })()`);
  const isThere = `location.search === "?model=demo-text" && !document.getElementById("draw").disabled`;
  await page.until(isThere, "the text model is there");
  await page.type("prompt", "a tengu holding a quokka");
  await page.type("negative", "a red robe");
  await page.click("#draw");
  await done();
  assert.equal(await pictures(), 4);
  assert(new Set(await levels(0)).size > 16, "the picture is flat");
  assert.match(await page.text("notes"), /has never seen `quokka`/);
  const { prompt, negative } = await page.value(`(async () => (await ${pictureOf(0)}).request)()`);
  assert.deepEqual([prompt, negative], ["a tengu holding a quokka", "a red robe"]);
  // A picture of a class says nothing to a model of texts.
  await page.click("#gallery li:last-child button");
  await page.until(`document.getElementById("viewer").open`);
  await page.click("#viewer-replay");
  await page.until(`!document.getElementById("error").hidden`, "a picture of another kind is refused");
  assert.match(await page.text("error"), /of another kind, demo\. Choose that one first\./);
  said(`from a prompt: ${await page.text("status")}`);
}

try {
  await opens();
  await picks();
  await draws();
  await cancels();
  await edits();
  await restores();
  await varies();
  for (const [width, height] of [[390, 844], [1440, 900]]) {
    for (const scheme of ["light", "dark"]) {
      await page.screenshot(join(folder, `${width}-${scheme}.png`), { width, height, scheme });
    }
  }
  await reloads();
  await drawsAPrompt();
  assert.deepEqual(page.complaints, []);
} catch (error) {
  await page.screenshot(join(folder, "failed.png"), { width: 1440, height: 900, scheme: "light" }).catch(() => {});
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}

// Draws with the built folder as the worker does, in Node, and writes the picture: `infer replay` then says whether
// the same request gives the same pixels on this machine's processor.
//
//   node --experimental-wasm-relaxed-simd infer/web/tests/draws.mjs FOLDER PICTURE.png

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [folder, picture] = process.argv.slice(2);
const file = (name) => resolve(folder, name);
const load = (name) => import(pathToFileURL(file(name)));
const { default: init, Painter, version } = await load("page/pixelflow_web.js");
const { encodePng } = await load("page/png_writer.js");
const { recipeOf, requestOf } = await load("page/request.js");

await init({ module_or_path: await readFile(file("page/pixelflow_web_bg.wasm")) });
const [model] = JSON.parse(await readFile(file("models.json")));
const painter = new Painter(model.name, await readFile(file(model.config), "utf8"), await readFile(file(model.weights)));
const about = JSON.parse(painter.describe());
const request = { class: "tengu", seed: 7, number: 2 };
const started = performance.now();
const painting = await painter.begin(JSON.stringify(requestOf(request, about)));
const provenance = JSON.parse(painting.provenance());
const stages = new Set();
let previews = 0;
for (;;) {
  const said = await painting.next();
  if (said === undefined) break;
  const event = JSON.parse(said);
  if (event.type === "step" && event.stageIsDone) {
    stages.add(event.stage);
    previews += (await painting.preview()).length;
  }
}
const [pixels] = painting.finished();
const recipe = recipeOf(request, provenance, about, pixels.index, version());
await writeFile(picture, await encodePng({ height: pixels.height, width: pixels.width, rgb: pixels.rgb() }, recipe));
if (stages.size !== about.stages || previews !== about.stages) throw new Error(`${stages.size} stages, ${previews} previews`);
console.log(`${picture}: ${about.classes.length} classes, ${((performance.now() - started) / 1000).toFixed(2)} s`);

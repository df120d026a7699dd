// Draws with the built folder as the worker does, in Node, and writes the picture: `infer replay` then says whether
// the same request gives the same pixels on this machine's processor.
//
//   node infer/web/tests/draws.mjs FOLDER MODEL PICTURE.png

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const REQUESTS = {
  demo: { class: "tengu", seed: 7, number: 2 },
  "demo-text": { prompt: "a male tengu wearing a red robe and holding a quokka", negative: "a cloak", seed: 7, number: 2 },
};

const [folder, name, picture] = process.argv.slice(2);
const file = (name) => resolve(folder, name);
const load = (name) => import(pathToFileURL(file(name)));
const program = await load("page/pixelflow_web.js");
const { modelFiles } = await load("page/model_files.js");
const { painterOf } = await load("page/program.js");
const { encodePng } = await load("page/png_writer.js");
const { recipeOf, requestOf } = await load("page/request.js");

// Node's own fetch reads no files.
globalThis.fetch = async (address) => new Response(await readFile(new URL(address)));
await program.default({ module_or_path: await readFile(file("page/pixelflow_web_bg.wasm")) });
const models = JSON.parse(await readFile(file("models.json")));
const model = models.find((model) => model.name === name);
let come = null;
const files = await modelFiles(model, pathToFileURL(`${file(".")}/`), (progress) => { come = progress; });
if (come.done !== come.of) throw new Error(`${come.done} of ${come.of} bytes have come`);
const painter = await painterOf(program, name, files);
const about = JSON.parse(painter.describe());
const request = REQUESTS[name];
const started = performance.now();
const painting = await painter.begin(JSON.stringify(requestOf(request, about)));
const provenance = JSON.parse(painting.provenance());
// Of the prompt's words the text encoder has never seen one.
if (painting.notes().length !== (request.prompt ? 1 : 0)) throw new Error(`notes: ${painting.notes()}`);
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
const recipe = recipeOf(request, provenance, about, pixels.index, program.version());
if (recipe.rows[0].negative !== request.negative) throw new Error(`not of the request: ${JSON.stringify(recipe.rows)}`);
await writeFile(picture, await encodePng({ height: pixels.height, width: pixels.width, rgb: pixels.rgb() }, recipe));
if (stages.size !== about.stages || previews !== about.stages) throw new Error(`${stages.size} stages, ${previews} previews`);
console.log(`${picture}: ${about.kind}, ${come.of} bytes of weights, ${((performance.now() - started) / 1000).toFixed(2)} s`);

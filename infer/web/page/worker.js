// The worker: it owns the model, and draws one job after the other.

import { editOf } from "./edit.js";
import { encodePng } from "./png_writer.js";
import { modelFiles } from "./model_files.js";
import { openPainter } from "./program.js";
import { recipeOf, requestOf } from "./request.js";

const stops = new Map();
let painter = null;
let version = null;
let kind = null;
let about = null;
let queue = Promise.resolve();

self.onmessage = ({ data }) => {
  if (data.job === "stop") stops.set(data.id, data.how);
  else queue = queue.then(() => (data.job === "open" ? open(data) : draw(data)));
};

const tell = (id, event, files = []) => self.postMessage({ id, ...event }, files);
const reason = (error) => {
  if (error instanceof WebAssembly.CompileError) {
    return "This browser cannot run the model: it lacks a part of WebAssembly (SIMD) that newer ones have.";
  }
  return error instanceof Error ? error.message : String(error);
};

async function open({ id, model, base, device }) {
  try {
    const files = modelFiles(model, base, (event) => tell(id, { type: "progress", ...event }));
    painter?.free();
    painter = null;
    const { why, ...opened } = await openPainter(device, model.name, files);
    ({ painter, version, kind } = opened);
    const said = JSON.parse(painter.describe());
    about = { ...said, device: why ? `${said.device}: ${why}` : said.device, limits: { count: 16, pixels: 256 * 256, steps: 200 } };
    tell(id, { type: "opened", ...about });
  } catch (error) {
    tell(id, { type: "refused", message: reason(error) });
  }
}

async function draw({ id, request }) {
  try {
    await drawn(id, request);
  } catch (error) {
    // After a trap nothing of the program can be trusted any more.
    if (error instanceof WebAssembly.RuntimeError) painter = null;
    const advice = kind === "gpu" ? " With ?device=cpu in the address of the page the processor draws." : "";
    tell(id, { type: "failed", message: reason(error) + advice });
  } finally {
    stops.delete(id);
  }
}

async function drawn(id, request) {
  if (stops.get(id)) return tell(id, { type: "cancelled" });
  const refused = (message, field) => tell(id, { type: "refused", message, field });
  if (!painter) return refused("The model is gone: reload the page.");
  const [height, width] = request.size ?? about.size;
  const most = about.limits.pixels;
  if (height * width > most) {
    return refused(`${height} × ${width} pixels are more than a browser draws here: ${most} at most.`, "size");
  }
  let painting;
  try {
    const note = (message) => tell(id, { type: "note", message });
    const edit = request.edit && (await editOf(request.edit, most, note));
    painting = await painter.begin(JSON.stringify(requestOf(request, about, edit)));
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return refused(reason(error));
  }
  await paint(id, request, painting);
  painting.free();
}

async function paint(id, request, painting) {
  const provenance = JSON.parse(painting.provenance());
  const started = performance.now();
  // Of every stage; an edit passes some by.
  const stageSeconds = [];
  let stageStarted = started;
  const seconds = (since) => (performance.now() - since) / 1000;
  const image = async (pixels, type, more) => {
    const { index, height, width } = pixels;
    const recipe = type === "image" && !more.draft ? recipeOf(request, provenance, about, index, version) : null;
    const png = await encodePng({ height, width, rgb: pixels.rgb() }, recipe);
    pixels.free();
    tell(id, { type, index, height, width, ...more, png }, [png.buffer]);
  };
  for (const message of painting.notes()) tell(id, { type: "note", message });
  tell(id, { type: "started", first: 0, images: request.count ?? 1, together: request.count ?? 1 });
  let stage = 0;
  for (;;) {
    const said = await painting.next();
    if (said === undefined) break;
    const event = JSON.parse(said);
    if (event.type === "stage") {
      stage = event.stage;
      while (stageSeconds.length < event.stages) stageSeconds.push(0);
      stageStarted = performance.now();
      tell(id, event);
    } else if (event.type === "step") {
      const now = seconds(started);
      const left = event.share > 0 ? (now / event.share) * (1 - event.share) : 0;
      tell(id, { ...event, seconds: now, eta_seconds: left });
      if (event.stageIsDone) stageSeconds[stage] = seconds(stageStarted);
      if (event.stageIsDone || event.step % 4 === 0) {
        for (const pixels of await painting.preview()) await image(pixels, "preview", { stage });
      }
    } else {
      for (const pixels of painting.finished()) await image(pixels, "image", { draft: false });
    }
    // Messages of the page come between two steps.
    await new Promise((resume) => setTimeout(resume));
    const how = stops.get(id);
    if (how === "draft") {
      for (const pixels of await painting.preview()) await image(pixels, "image", { draft: true });
      return tell(id, { type: "done", seconds: seconds(started), stage_seconds: stageSeconds, draft: true });
    }
    if (how) return tell(id, { type: "cancelled" });
  }
  tell(id, { type: "done", seconds: seconds(started), stage_seconds: stageSeconds, draft: false });
}

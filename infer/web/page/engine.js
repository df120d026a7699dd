// Drawing in the browser itself: a worker holds the model, and the page stays free. It has the methods of the
// server's engine, and its events.

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const waiting = new Map();
let last = 0;
let broken = null;

worker.onmessage = ({ data: { id, ...event } }) => waiting.get(id)?.(event);
worker.onerror = ({ message }) => {
  broken = `The program for this browser has stopped: ${message ?? "it could not be loaded"}.`;
  for (const tell of [...waiting.values()]) tell({ type: "refused", message: broken });
};

/** A sentence for the user; `field` is the part of the request that it is about. */
export class Refused extends Error {
  constructor(message, { field } = {}) {
    super(message);
    this.field = field;
  }
}

/** An engine that draws in this browser. */
export function openEngine() {
  return { describe, draw };
}

/** Nothing is asked for one here. */
export function useToken() {}

/**
 * Loads the model that the address names, `?model=demo-text`, else the first, to draw with it where the address says,
 * `?device=gpu` or `cpu`; tells how far that is.
 */
async function describe(onProgress = () => {}) {
  const models = await (await fetch("models.json")).json();
  const address = new URLSearchParams(location.search);
  const model = models.find(({ name }) => name === address.get("model")) ?? models[0];
  // A worker's addresses begin where its own file is.
  const about = await ask("open", { model, base: document.baseURI, device: address.get("device") }, onProgress);
  return { ...about, models: models.map(({ name, title }) => ({ name, title })) };
}

function draw(request, onEvent) {
  last += 1;
  const id = last;
  const stop = (how) => worker.postMessage({ job: "stop", id, how });
  const ended = answer(id, (event) => event.type !== "progress" && onEvent(withBlob(event)));
  onEvent({ type: "queued", position: 1, images_ahead: 0 });
  worker.postMessage({ job: "draw", id, request });
  return { cancel: async () => stop("cancel"), keepDraft: async () => stop("draft"), ended };
}

function ask(job, more, onProgress) {
  last += 1;
  const ended = answer(last, (event) => event.type === "progress" && onProgress(event));
  worker.postMessage({ job, id: last, ...more });
  return ended;
}

/** Tells the events of a job until the last; gives that, or fails with its message. */
function answer(id, tell) {
  return new Promise((resolve, reject) => {
    if (broken) return reject(new Refused(broken));
    waiting.set(id, (event) => {
      const isLast = ["done", "failed", "cancelled", "refused", "opened"].includes(event.type);
      if (isLast) waiting.delete(id);
      if (event.type === "refused") return reject(new Refused(event.message, event));
      tell(event);
      if (isLast) resolve(event);
    });
  });
}

function withBlob({ png, ...event }) {
  return png ? { ...event, blob: new Blob([png], { type: "image/png" }) } : event;
}

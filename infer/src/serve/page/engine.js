// Drawing on a server: the only file that knows of one. Another engine has the same two methods.
//
//   describe() -> {name, kind: "class" | "text", classes, size: [height, width], sizeMultiple, stages, sampler,
//                  solvers, device, limits: {count, pixels, steps}, models: [{name, title}]}
//   draw(request, onEvent) -> {cancel(), keepDraft(), ended}
//
// A request is {class | prompt, negative, seed, number, count, size, sampler, edit}. An edit, if there is one, is {image,
// mask, strength | from_stage, resample}: the picture is a Blob, the mask one whose white is drawn anew, or null. Events are {type, ...} with the types
// queued, started, note, stage, step, preview, image, done, failed, cancelled; pictures in them are Blobs.

const TOKEN = "pixelflow-token";

/** A sentence for the user; `field` is the part of the request that it is about. */
export class Refused extends Error {
  constructor(message, { field, wantsToken = false } = {}) {
    super(message);
    Object.assign(this, { field, wantsToken });
  }
}

/** An engine that asks the server this page is from. */
export function openEngine() {
  return { describe, draw };
}

/** Brings this token from now on, until the tab is closed. */
export function useToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

async function describe() {
  const { models } = await (await ask("api/models")).json();
  const { size_multiple: sizeMultiple, ...model } = models[0];
  return { ...model, sizeMultiple };
}

function draw(request, onEvent) {
  const gone = new AbortController();
  let id = null;
  let wanted = null;
  const stop = async (how) => {
    wanted = how;
    if (id) await ask(`api/jobs/${id}/cancel${how}`, { method: "POST" });
  };
  const ended = (async () => {
    const body = JSON.stringify(await sendable(request));
    const headers = { "Content-Type": "application/json" };
    const job = await (await ask("api/jobs", { method: "POST", body, headers })).json();
    id = job.id;
    if (wanted !== null) await stop(wanted);
    await follow(id, onEvent, gone.signal);
  })();
  return { cancel: () => stop(""), keepDraft: () => stop("?keep=draft"), ended };
}

/** A request whose pictures are texts. */
async function sendable({ edit, ...request }) {
  if (!edit) return request;
  const [image, mask] = await Promise.all([edit.image, edit.mask].map((blob) => blob && dataUrl(blob)));
  return { ...request, edit: { ...edit, image, mask } };
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Refused("The picture cannot be read. Is the file still there?"));
    reader.readAsDataURL(blob);
  });
}

/** Reads the events of a job until the last, and goes on where it was when the connection breaks. */
async function follow(id, onEvent, signal) {
  let last = 0;
  for (let tries = 0; tries < 6; tries += 1) {
    try {
      const headers = last ? { "Last-Event-ID": String(last) } : {};
      const stream = await ask(`api/jobs/${id}/events`, { headers, signal });
      for await (const event of events(stream.body)) {
        last = event.id;
        tries = 0;
        onEvent(await withBlob(event));
        if (["done", "failed", "cancelled"].includes(event.type)) return;
      }
    } catch (error) {
      if (error instanceof Refused && error.status) throw error;
    }
    await new Promise((resume) => setTimeout(resume, 250 * 2 ** tries));
  }
  throw new Refused("The connection to the server is lost. Is it still running?");
}

/** The server-sent events of a body. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const field = (name) => part.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
      if (field("event")) yield { ...JSON.parse(field("data")), type: field("event"), id: Number(field("id")) };
    }
  }
}

async function withBlob({ png, ...event }) {
  if (!png) return event;
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  return { ...event, blob: new Blob([bytes], { type: "image/png" }) };
}

async function ask(path, { headers = {}, ...options } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  // What no header can carry is no token: the server asks again.
  const isSent = token && /^[\x21-\x7e]+$/.test(token);
  const all = isSent ? { ...headers, Authorization: `Bearer ${token}` } : headers;
  let response;
  try {
    response = await fetch(path, { ...options, headers: all });
  } catch {
    throw new Refused("The server cannot be reached. Is `infer serve` still running?");
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  const wait = response.headers.get("Retry-After");
  const later = wait ? ` There should be room in about ${wait} s.` : "";
  const message = sentence(error?.message ?? `The server says ${response.status}.`) + later;
  const refused = new Refused(message, { field: error?.field, wantsToken: response.status === 401 });
  refused.status = response.status;
  throw refused;
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

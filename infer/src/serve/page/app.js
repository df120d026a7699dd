// The page: a form, a picture that grows, and a gallery, around an engine.

import { canvas } from "./canvas.js";
import { Refused, openEngine, useToken } from "./engine.js";
import { form } from "./form.js";
import { gallery } from "./gallery.js";
import { recipeOf, requestOf } from "./png.js";
import { progress } from "./progress.js";
import { openStore } from "./store.js";

const part = (id) => document.getElementById(id);
const engine = openEngine();

const show = (id, text) => {
  part(id).textContent = text ?? "";
  part(id).hidden = !text;
};
const fail = (error) => show("error", error?.message ?? "Something went wrong, and nobody says what.");

/** What the model is; asks for a token until it is right. */
async function describe() {
  for (;;) {
    try {
      return await engine.describe(({ done, of }) => {
        part("model").textContent = `Fetching the model: ${Math.round((100 * done) / of)} %`;
      });
    } catch (error) {
      if (!error.wantsToken) throw error;
      await askForToken();
    }
  }
}

function askForToken() {
  const dialog = part("token-dialog");
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(useToken(part("token").value.trim())), { once: true });
  });
}

async function main() {
  const model = await describe();
  const what = model.kind === "text" ? "draws from text" : `${model.classes.length} classes`;
  part("model").textContent = `${model.name} · ${what} · ${model.device}`;
  const fields = form(model);
  const shelf = await gallery(await openStore(), {
    replay: ({ request }) => {
      fields.fill(request);
      part("draw").focus();
    },
    vary: ({ request }) => {
      fields.fill({ ...request, number: 0, count: 1 }, { keepsSeed: false });
      part("form").requestSubmit();
    },
  });
  const seen = canvas(part("pictures"), (picture) => shelf.show(picture));
  const told = progress({ stages: part("stages"), status: part("status"), announce: part("announce") });
  let drawing = null;

  const run = async (request) => {
    const label = fields.label(request);
    const whole = [];
    let isTaken = false;
    told.begin();
    drawing = engine.draw(request, (event) => {
      // What was there before stays until the engine has taken the request.
      if (!isTaken) seen.begin(request.count, request.size);
      isTaken = true;
      told.show(event);
      if (event.type === "preview") seen.preview(event);
      if (event.type === "note") show("notes", [part("notes").textContent, event.message].filter(Boolean).join("\n"));
      if (event.type === "failed") fail(new Error(`${event.message}.`));
      if (event.type !== "image") return;
      const { index, blob, height, width, draft } = event;
      const picture = {
        blob, label, height, width, draft, model: model.name, when: Date.now(),
        request: { ...request, number: request.number + index, count: 1 },
      };
      whole.push(shelf.add(picture).then((kept) => seen.finish(event, label, kept)));
    });
    part("running").hidden = false;
    if (part("stage").getBoundingClientRect().top < 0) part("stage").scrollIntoView({ behavior: "smooth" });
    await drawing.ended;
    await Promise.all(whole);
  };

  part("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (drawing) return;
    ["error", "notes"].forEach((id) => show(id));
    part("draw").disabled = true;
    try {
      await run(fields.request());
    } catch (error) {
      fail(error);
      if (error instanceof Refused) {
        fields.point(error.field);
        told.clear();
      }
      if (error.wantsToken) await askForToken();
    } finally {
      seen.stop();
      drawing = null;
      part("running").hidden = true;
      part("draw").disabled = false;
    }
  });
  part("cancel").addEventListener("click", () => drawing?.cancel().catch(fail));
  part("keep").addEventListener("click", () => drawing?.keepDraft().catch(fail));

  const restore = async (file) => {
    ["error", "notes"].forEach((id) => show(id));
    try {
      const recipe = await recipeOf(file);
      const request = requestOf(recipe);
      if ((request.prompt === undefined) !== (model.kind === "class")) {
        throw new Error(`The picture was drawn by a model of another kind, ${recipe.model}.`);
      }
      fields.fill(request);
      const said = [`The settings of ${file.name} are in the form.`];
      if (recipe.model !== model.name) said.push(`It was drawn with ${recipe.model}; ${model.name} will draw another picture.`);
      if (recipe.edit) said.push("It is an edit of another picture, which is not in it; this draws without that.");
      if (recipe.guide) said.push("It was drawn with a guide, which this page does not take.");
      if (recipe.rows.length > 1) said.push(`It has ${recipe.rows.length} rows; these are of the first.`);
      if (!Number.isSafeInteger(request.seed)) said.push("Its seed is larger than this page can write.");
      show("notes", said.join("\n"));
      part("draw").focus();
    } catch (error) {
      fail(error);
    }
  };
  part("open").addEventListener("change", () => {
    const [file] = part("open").files;
    if (file) restore(file);
    part("open").value = "";
  });
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    part("drop").hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) part("drop").hidden = true;
  });
  addEventListener("drop", (event) => {
    part("drop").hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    restore(event.dataTransfer.files[0]);
  });
  part("draw").disabled = false;
}

main().catch((error) => {
  part("model").textContent = "";
  fail(error);
});

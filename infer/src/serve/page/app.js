// The page: a form, a picture that grows, and a gallery, around an engine.

import { canvas } from "./canvas.js";
import { dropped } from "./dropped.js";
import { editor } from "./editor.js";
import { Refused, openEngine, useToken } from "./engine.js";
import { form } from "./form.js";
import { gallery } from "./gallery.js";
import { goTo, modelChoice } from "./models.js";
import { recipeOf, requestOf } from "./png.js";
import { progress } from "./progress.js";
import { refinement } from "./refinement.js";
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

/** Whether a model draws what a request asks for, be it a class or a prompt. */
const fits = (request, model) => (request.prompt === undefined) === (model.kind === "class");

/** What the user hears of a picture of another kind of model. */
function ofAnotherKind(name, { models = [] }) {
  const way = models.some((model) => model.name === name) ? " Choose that one first." : "";
  return new Error(`The picture was drawn by a model of another kind, ${name}.${way}`);
}

/** What can be done with a picture of the gallery. */
function actions(model, fields, edits, onAct) {
  const last = model.stages - 1;
  /** Puts a picture into the form, to begin with it at a stage, and draws. */
  const goOn = async ({ blob, request }, { stage, size, strength = null, keepsSeed }) => {
    fields.fill({ ...request, size, count: 1 }, { keepsSeed });
    await edits.open(blob, { stage, size, share: strength });
    part("form").requestSubmit();
  };
  const all = {
    replay: async ({ request }) => {
      fields.fill(request);
      await edits.fill(request);
      part("draw").focus();
    },
    edit: async ({ blob, request }) => {
      fields.fill({ ...request, number: 0, count: 1 }, { keepsSeed: false });
      await edits.open(blob);
      part("edit").scrollIntoView({ block: "nearest" });
      part("edit-canvas").focus({ preventScroll: true });
    },
    refine: (picture) => goOn(picture, { ...refinement(picture, model), keepsSeed: true }),
    // Another seed from the last stage on: the composition stays.
    vary: (picture) => {
      const { draft, height, width, request } = picture;
      if (!draft && last > 0) return goOn(picture, { stage: last, size: [height, width], keepsSeed: false });
      edits.clear();
      fields.fill({ ...request, number: 0, count: 1 }, { keepsSeed: false });
      return part("form").requestSubmit();
    },
  };
  const guarded = ([name, act]) => [name, (picture) => {
    onAct();
    if (!fits(picture.request, model)) return fail(ofAnotherKind(picture.model, model));
    return Promise.resolve(act(picture)).catch(fail);
  }];
  return Object.fromEntries(Object.entries(all).map(guarded));
}

/** How a recipe's picture was edited, for the Edit part. */
function settingsOf({ edit: { begin, mask, resample }, height, width }) {
  const { stage = null, strength: share = null } = begin;
  // From a stage on a smaller picture is enough.
  return { stage, share, resample, isMasked: Boolean(mask), size: stage !== null && !mask ? [height, width] : null };
}

async function main() {
  const model = await describe();
  const what = model.kind === "text" ? "draws from text" : `${model.classes.length} classes`;
  part("model").textContent = `${model.name} · ${what} · ${model.device}`;
  modelChoice(part("models"), model, goTo);
  const fields = form(model);
  const edits = editor(model, fields.showSize, fail);
  // The recipe of an edit that was restored last, for the picture that is opened next.
  let expected = null;
  const forget = () => { expected = null; };
  const shelf = await gallery(await openStore(), model, actions(model, fields, edits, forget));
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
    if (part("stage").getBoundingClientRect().top < 0) part("stage").scrollIntoView();
    await drawing.ended;
    await Promise.all(whole);
  };

  part("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (drawing || part("draw").disabled) return;
    ["error", "notes"].forEach((id) => show(id));
    part("edit-instead").hidden = true;
    part("draw").disabled = true;
    try {
      const edit = await edits.request();
      await run({ ...fields.request(), ...(edit && { edit }) });
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

  const say = (...lines) => show("notes", lines.join("\n"));
  const openToEdit = async (file, ...lines) => {
    const settings = expected ? settingsOf(expected) : {};
    forget();
    await edits.open(file, settings);
    say(...lines);
    part("edit-canvas").focus();
  };
  // A picture that says how it was drawn gives its settings back; any other, or one on the Edit part, is edited.
  const take = async (file, isToEdit) => {
    ["error", "notes"].forEach((id) => show(id));
    part("edit-instead").hidden = true;
    try {
      if (isToEdit) return await openToEdit(file);
      let recipe;
      try {
        recipe = await recipeOf(file);
      } catch (error) {
        return await openToEdit(file, `${error.message} It is open to be edited.`);
      }
      restore(file, recipe);
    } catch (error) {
      fail(error);
    }
  };
  const restore = (file, recipe) => {
    const request = requestOf(recipe);
    if (!fits(request, model)) throw ofAnotherKind(recipe.model, model);
    edits.clear();
    fields.fill(request);
    forget();
    const said = [`The settings of ${file.name} are in the form.`];
    if (recipe.model !== model.name) said.push(`It was drawn with ${recipe.model}; ${model.name} will draw another picture.`);
    if (recipe.edit) {
      expected = recipe;
      said.push("It is an edit of another picture, which is not in it; open that one to edit it so again.");
      if (recipe.edit.mask) said.push("Its mask is not in it either: paint it again.");
    }
    if (recipe.guide) said.push("It was drawn with a guide, which this page does not take.");
    if (recipe.rows.length > 1) said.push(`It has ${recipe.rows.length} rows; these are of the first.`);
    if (!Number.isSafeInteger(request.seed)) said.push("Its seed is larger than this page can write.");
    say(...said);
    part("edit-instead").hidden = recipe.layout?.kind === "grid";
    part("edit-instead").onclick = () => {
      forget();
      take(file, true);
    };
    part("draw").focus();
  };
  for (const [id, isToEdit] of [["open", false], ["edit-open", true]]) {
    part(id).addEventListener("change", () => {
      const [file] = part(id).files;
      if (file) take(file, isToEdit);
      part(id).value = "";
    });
  }
  dropped(part("drop"), (file, target) => take(file, part("edit").contains(target)));
  part("draw").disabled = false;
}

main().catch((error) => {
  part("model").textContent = "";
  fail(error);
});

// The form: a request of it, and a request into it.

import { picker } from "./picker.js";

const LARGEST_SEED = 2 ** 32;
const solverNames = {
  euler: "Euler", heun: "Heun", dopri5: "Dopri5 (adaptive)", ab2: "Adams–Bashforth 2", ab3: "Adams–Bashforth 3",
  dpmpp2m: "DPM-Solver++ 2M", unipc: "UniPC",
};
const part = (id) => document.getElementById(id);

/** A seed that nobody has thought of. */
export const randomSeed = () => Math.floor(Math.random() * LARGEST_SEED);

/** The form of a model. */
export function form(model) {
  const isText = model.kind === "text";
  const classes = isText ? null : picker(part("class"), part("class-list"), model.classes);
  // What the form does not show of a sampler stays as the model or a replayed picture has it.
  let base = model.sampler;
  let number = 0;
  // A seed of a picture may have more digits than JavaScript's numbers: it stays text until it is changed.
  const isLocked = () => part("lock").getAttribute("aria-pressed") === "true";
  const lock = (is) => part("lock").setAttribute("aria-pressed", String(is));

  part("class-part").hidden = isText;
  part("text-part").hidden = !isText;
  part("count").max = model.limits.count;
  part("solver").replaceChildren(...model.solvers.map((name) => new Option(solverNames[name] ?? name, name)));
  shapes(model).forEach(([text, value]) => part("shape").add(new Option(text, value)));
  for (const side of ["width", "height"]) {
    Object.assign(part(side), { min: model.sizeMultiple, step: model.sizeMultiple });
  }
  part("steps").replaceChildren(...Array.from({ length: model.stages }, (_, stage) => stepsField(stage, model)));

  const showSampler = (sampler) => {
    base = sampler;
    part("solver").value = sampler.solver;
    part("guidance").max = Math.max(8, sampler.guidance.scale);
    part("guidance").min = Math.min(1, sampler.guidance.scale);
    part("guidance").value = sampler.guidance.scale;
    part("guidance-value").textContent = Number(sampler.guidance.scale).toFixed(1);
    for (let stage = 0; stage < model.stages; stage += 1) {
      part(`steps-${stage}`).value = sampler.steps[stage] ?? sampler.steps[0];
    }
  };
  const showSize = ([height, width]) => {
    const value = `${height}x${width}`;
    const isKnown = [...part("shape").options].some((option) => option.value === value);
    part("shape").value = isKnown ? value : "custom";
    part("custom").hidden = isKnown;
    Object.assign(part("height"), { value: height });
    Object.assign(part("width"), { value: width });
  };
  const showSeed = (seed, first = 0) => {
    part("seed").value = String(seed);
    number = first;
  };

  part("shape").addEventListener("change", () => {
    const isCustom = part("shape").value === "custom";
    part("custom").hidden = !isCustom;
    if (!isCustom) showSize(part("shape").value.split("x").map(Number));
  });
  part("guidance").addEventListener("input", () => {
    part("guidance-value").textContent = Number(part("guidance").value).toFixed(1);
  });
  part("dice").addEventListener("click", () => showSeed(randomSeed()));
  part("lock").addEventListener("click", () => lock(!isLocked()));
  part("seed").addEventListener("input", () => {
    number = 0;
    lock(true);
  });
  part("defaults").addEventListener("click", () => showSampler(model.sampler));
  part("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) part("form").requestSubmit();
  });

  showSampler(model.sampler);
  showSize(model.size);
  showSeed(randomSeed());
  classes?.choose(0);

  return {
    /** What the form asks for, a new seed with it unless that is locked. */
    request() {
      const wrong = (id, message) => {
        part(id).setAttribute("aria-invalid", "true");
        part(id).focus();
        throw new Error(message);
      };
      document.querySelectorAll("#form [aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
      const shown = {};
      if (isText) {
        Object.assign(shown, { prompt: part("prompt").value.trim(), negative: part("negative").value.trim() });
        if (!shown.prompt) wrong("prompt", "Say in the prompt what to draw.");
      } else {
        shown.class = classes.chosen();
        if (shown.class === null) wrong("class", "The model has no such class; choose one of the list.");
      }
      if (!isLocked()) showSeed(randomSeed());
      const seed = part("seed").value.trim();
      if (!/^\d{1,16}$/.test(seed) || !Number.isSafeInteger(Number(seed))) {
        wrong("seed", `The seed is a whole number of at most 16 digits.`);
      }
      const whole = (id, least, most, what) => {
        const value = Number(part(id).value);
        const fits = Number.isInteger(value) && value >= least && value <= most;
        return fits ? value : wrong(id, `${what} must be a whole number from ${least} to ${most}.`);
      };
      const steps = Array.from({ length: model.stages }, (_, stage) => whole(`steps-${stage}`, 1, model.limits.steps, "Steps"));
      const guidance = { ...base.guidance, scale: Number(part("guidance").value) };
      return {
        ...shown,
        seed: Number(seed),
        number,
        count: whole("count", 1, model.limits.count, "The number of pictures"),
        size: [whole("height", 1, 16384, "The height"), whole("width", 1, 16384, "The width")],
        sampler: { ...base, solver: part("solver").value, guidance, steps },
      };
    },
    /** Shows a request, and keeps its seed, or leaves it to the next drawing. */
    fill(request, { keepsSeed = true } = {}) {
      if (isText) {
        part("prompt").value = request.prompt ?? "";
        part("negative").value = request.negative ?? "";
      } else {
        classes.choose(request.class);
      }
      showSeed(request.seed, request.number);
      part("count").value = request.count;
      showSize(request.size);
      showSampler(request.sampler);
      lock(keepsSeed);
    },
    showSize,
    /** What the pictures of a request are called. */
    label: (request) => (isText ? request.prompt : model.classes[request.class] ?? `class ${request.class}`),
    point(field) {
      const [first, second] = field?.split(/[.[]/) ?? [];
      const ofEdit = { strength: "strength", from_stage: "begin", resample: "resample", image: "shape" };
      const all = { class: "class", prompt: "prompt", negative: "negative", seed: "seed", count: "count", size: "shape" };
      const id = first === "edit" ? ofEdit[second] : all[first];
      if (id) part(id).setAttribute("aria-invalid", "true");
    },
  };
}

/** Sizes to choose from: the model's own, and those near it of other shapes. */
function shapes({ size: [height, width], sizeMultiple }) {
  const near = (side, factor) => Math.max(sizeMultiple, Math.round((side * factor) / sizeMultiple) * sizeMultiple);
  const long = near(height, 1.5);
  const sizes = [
    ["Square", height, width], ["Portrait", long, width], ["Landscape", height, long], ["Large square", 2 * height, 2 * width],
  ];
  const named = sizes.map(([name, h, w]) => [`${name}, ${w} × ${h}`, `${h}x${w}`]);
  return [...named, ["Another size …", "custom"]];
}

function stepsField(stage, { size: [side], stages, limits }) {
  const field = document.createElement("div");
  field.className = "field grow";
  const input = Object.assign(document.createElement("input"), {
    id: `steps-${stage}`, type: "number", min: 1, max: limits.steps, inputMode: "numeric",
  });
  const label = Object.assign(document.createElement("label"), {
    htmlFor: input.id, textContent: `at ${side / 2 ** (stages - 1 - stage)} px`,
  });
  field.append(label, input);
  return field;
}
